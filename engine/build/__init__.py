"""From a catalogue, judgments and logs to a bundle."""
