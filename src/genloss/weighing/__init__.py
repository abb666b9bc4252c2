"""Which weight synthetic rows deserve beside real ones, judged on the real rows alone."""
