"""Web pages of shops, into the catalogue and over time."""
