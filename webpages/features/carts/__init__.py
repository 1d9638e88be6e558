"""Features of candidates for the add-to-cart control, and of what a page says about buying."""
