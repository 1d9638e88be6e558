"""What an evaluation found, as pages, tables and sentences."""
