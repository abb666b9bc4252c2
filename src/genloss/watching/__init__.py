"""A live loop, watched without labels: rounds in a file, a meter of what is lost, an alarm that keeps its word."""
