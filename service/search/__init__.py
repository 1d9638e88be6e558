"""A search request from its parameters to its logged slate."""
