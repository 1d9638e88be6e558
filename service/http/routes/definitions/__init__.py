"""What is defined by name: profiles, rules and experiments, before and while they are live."""
