"""Who may ask, and what is kept of whom: accounts, keys, users."""
