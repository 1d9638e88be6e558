"""What is kept of searches and events, and of whom."""
