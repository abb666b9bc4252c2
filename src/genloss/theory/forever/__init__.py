"""What happens when the last generations of a plan are repeated for ever."""
