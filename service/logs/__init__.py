"""What is kept on the disk: impressions and events."""
