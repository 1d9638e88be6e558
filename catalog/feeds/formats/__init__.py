"""Bytes of a feed as rows: tables with delimiters, documents with types, XML."""
