"""The index of vectors: its kinds, the refinement in 8 bits, and its recall."""
