"""A catalogue that changes while it is served: changes, their log, and the items as they are now."""
