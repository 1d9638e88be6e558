"""Comparing the arms of an online test."""
