"""Load over HTTP and the service-level objectives it is judged by."""
