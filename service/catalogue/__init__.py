"""The catalogue while it changes."""
