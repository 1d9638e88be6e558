"""What people work with before it is live: drafts and what they would change, history, query sets, judgments."""
