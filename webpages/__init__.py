"""Web page element classification: page in, labelled elements and a catalogue item out."""
