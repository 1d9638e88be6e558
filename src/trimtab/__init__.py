"""Product search that is steered per request."""

__version__ = "0.2.0.dev0"
