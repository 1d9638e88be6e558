"""What a search costs, alone, under load and under attack."""
