"""What shops ask for their shoppers, and what shoppers did: searches, suggestions, events, decisions."""
