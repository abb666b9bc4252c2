"""The numbers: one file a topic, with its settings and a function for every level.

Each function returns the numbers of its text by name; settings in capitals belong to all three.
"""
