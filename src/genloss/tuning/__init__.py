"""Which penalties, and how many real rows, hold the risk of a plan down."""
