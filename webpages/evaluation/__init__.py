"""Figures of docs/webpages.md: accuracy on pages whose site the models never saw, and time."""
