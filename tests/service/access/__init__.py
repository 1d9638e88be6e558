"""Who may do what, and how far a request is trusted."""
