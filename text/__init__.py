"""What text says: words, numbers, units, money and language, read the same way everywhere."""
