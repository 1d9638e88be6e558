"""A log of impressions as arrays, by file and by partition."""
