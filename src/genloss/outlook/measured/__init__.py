"""Forecasts by measurement: classes, and any estimator, through any plan on one's own rows."""
