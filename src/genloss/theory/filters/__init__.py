"""Fits that are filters of the sample covariance, fresh or again and again on one design (`filters.md`)."""
