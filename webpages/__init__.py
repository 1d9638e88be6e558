"""Recognition of elements on the pages of shops: catalogue items and prices over time."""
