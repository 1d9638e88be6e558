"""Features of candidate elements."""
