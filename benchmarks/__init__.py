"""Measurements with figures to reach: `make bench` prints a table and writes JSON. Never a test."""
