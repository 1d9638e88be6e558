"""How often intervals, statements and verdicts are right, and what they cost."""
