"""The simulated A/B harness: world, log, replay, estimators, statistics, reports."""
