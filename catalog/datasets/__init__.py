"""Public data sets as catalogues and histories."""
