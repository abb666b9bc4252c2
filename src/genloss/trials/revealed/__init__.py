"""Designs that are revealed where a fit looks at them, and never drawn."""
