"""Which columns are attributes, of which kind."""
