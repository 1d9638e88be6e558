"""What was taken for what, for people: as a `shop.toml`, in lines, as a table."""
