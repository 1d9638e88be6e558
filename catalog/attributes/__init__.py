"""Attributes: the columns of a shop's own, typed, with one or several values an item."""
