"""What a search may spend: degradation levels, deadlines, stage costs."""
