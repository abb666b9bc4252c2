"""What happens when a plan is run many times: one file an engine."""
