"""What the words of a query mean to a catalogue: one step a file, in the order in which `understand` takes them."""
