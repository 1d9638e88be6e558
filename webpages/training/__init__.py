"""Labelled pages and the fitting of models."""
