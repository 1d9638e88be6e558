"""Off-policy evaluation: logs as arrays, estimators, intervals, replay and tuning."""
