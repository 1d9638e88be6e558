"""Load and the service-level objectives it is judged by. HTTP and files only: imports nothing of the service."""
