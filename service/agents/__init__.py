"""The door of programs that search for somebody: the Model Context Protocol, by the Universal Commerce Protocol."""
