"""Feeds: a catalogue as a shop's platform exports it, read as a stream of rows in the catalogue's columns."""
