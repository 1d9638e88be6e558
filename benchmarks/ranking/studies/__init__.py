"""Studies of the paper that `trimtab compare` does not make: bounds on losses, receipts, how many lists are needed."""
