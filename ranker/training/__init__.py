"""Fitting the served ranker: lists, losses, calibration, cross-validation, click debiasing."""
