"""Offline work on several machines: what is sent to them, and how. Extra `ray`."""
