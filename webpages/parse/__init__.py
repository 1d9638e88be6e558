"""A page as columns: elements, styles, statements, texts and candidates."""
