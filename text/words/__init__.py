"""Words: how a text is cut into them, what each is found by, and what a catalogue's own words add."""
