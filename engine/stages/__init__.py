"""The stages of a search: retrieval and features, slate, loss budget, frontier, interleaving."""
