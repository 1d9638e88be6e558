"""Features of candidates for the current price."""
