"""The page at `/` on which weights are tuned by eye: a template, its assets and its search box's suggestions."""
