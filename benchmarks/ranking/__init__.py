"""Rankers compared: training, relevance, loss budgets and the paper's results."""
