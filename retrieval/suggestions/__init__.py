"""Suggestions: what the beginning of a query may become."""
