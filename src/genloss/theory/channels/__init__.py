"""State evolution beyond ridge: any convex loss, any labels, rows kept by a rule (`channels.md`)."""
