"""Rows as shops write them made one row an item: parents, continued and numbered rows, packed cells, headings."""
