"""From a user's own data to a forecast: loading tables, estimating spectrum, noise and truth."""
