"""The catalogue and the bundles that serve: items, feeds, pages of shops, bundles."""
