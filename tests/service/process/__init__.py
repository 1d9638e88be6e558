"""The process: its start, settings, Redis and end."""
