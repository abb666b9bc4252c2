"""From a user's own table to what becomes of the model: rehearsed, checked, and put in words."""
