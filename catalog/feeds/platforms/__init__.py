"""What platforms' exports are: how each is recognised, and how its rows become rows of a catalogue."""
