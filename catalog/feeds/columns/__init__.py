"""What the columns of a feed are: their names, what their cells show, and what becomes of each."""
