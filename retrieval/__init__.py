"""First stage: encoders, dense and lexical index, fusion, filters, facets."""
