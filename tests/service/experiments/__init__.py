"""Experiments, ramps and interleaving over HTTP."""
