"""Logs of other layouts as impression logs."""
