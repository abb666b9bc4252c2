"""What theory says of a plan: one file a way of knowing."""
