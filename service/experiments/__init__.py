"""Experiments: assignment, totals, ramps."""
