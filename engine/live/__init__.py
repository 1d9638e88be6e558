"""The engine over a catalogue that changes while it serves."""
