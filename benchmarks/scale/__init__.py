"""Catalogues of millions of items: made, built and measured."""
