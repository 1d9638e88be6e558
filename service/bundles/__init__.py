"""Bundles that serve: loading, choosing, shadowing."""
