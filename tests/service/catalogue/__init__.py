"""A catalogue that changes while it is served: items, feeds, bundles, several machines, backups."""
