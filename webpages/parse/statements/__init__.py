"""What a page states of its product: JSON-LD, microdata, OpenGraph, scripts."""
