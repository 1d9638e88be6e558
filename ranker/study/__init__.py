"""The study that compares the methods; nothing here serves."""
