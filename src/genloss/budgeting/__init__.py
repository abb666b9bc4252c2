"""How many real labels, and how many of a model's, for the money or for the error that is wanted."""
