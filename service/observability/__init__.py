"""Metrics, traces, process logs, drift."""
