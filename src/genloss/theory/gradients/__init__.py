"""Slopes of the errors of a plan in all its numbers at once, by going through its recursion backwards."""
