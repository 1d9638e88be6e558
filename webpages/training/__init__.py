"""Labelled pages, fitting, and honest evaluation."""
