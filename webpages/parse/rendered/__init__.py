"""A page as a browser lays it out."""
