"""Which column has which role: the ids, titles, prices, stock, places, categories, groups and languages of a feed."""
