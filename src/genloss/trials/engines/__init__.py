"""Engines, one a file: ``ENGINE`` in each of them."""
