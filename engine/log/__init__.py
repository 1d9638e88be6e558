"""The log of impressions and interactions as files, and decisions made again from it."""
