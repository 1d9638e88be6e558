"""The index of words: terms, postings and scores of an analysed catalogue, and queries to it."""
