"""Which penalties, shares, weights and numbers of rows hold the risk or the cost of a plan down."""
