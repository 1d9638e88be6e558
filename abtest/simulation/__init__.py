"""Simulated shoppers, and experiments on them."""
