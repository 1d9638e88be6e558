"""Searches a second beside what a user would pick instead, see `benchmarks.peers.run`."""
