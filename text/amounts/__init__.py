"""Amounts: units and how they are converted, currencies and how they are written."""
