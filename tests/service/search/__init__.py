"""Searches over HTTP: answers, refusals, deadlines, rules and what subscribes to them."""
