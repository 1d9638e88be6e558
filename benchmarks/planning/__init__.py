"""Planning past one machine: what a catalogue and a load need, from what one machine was measured to take."""
