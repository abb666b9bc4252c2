"""Papers: one folder each, with its formulas, its claims and its figures."""
