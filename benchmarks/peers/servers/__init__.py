"""The peers: scripts that serve a folder of items, or a bundle, on a port. Each needs an environment of its own."""
