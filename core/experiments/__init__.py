"""Experiments: who is in which arm, whether the split is as meant, tests at any sample size, interleaving."""
