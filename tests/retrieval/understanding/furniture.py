"""A shop whose queries are understood: furniture, shampoo, tea, and what is easily taken for them."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from trimtab.retrieval.understanding.synonyms import SynonymSet

often = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

TITLES = (
    *("Shampoo for dry hair",) * 120,
    *("Black tea, 20 bags",) * 6,
    *("Bleak house, paperback",) * 9,
    "Shampo bar",
    "Brie de Meaux",
    "Bride and groom cake topper",
    "Lego set",
    "Model KX2000 drill",
    "Red sofa with legs",
    "Blue couch without legs",
    "Grey settee, legless",
    "Television set, 32 inch",
    "TV stand",
    "Sugar free cookies",
    "Cookies with sugar",
)
COLOURS = {"Red sofa with legs": "Red", "Blue couch without legs": "Light Blue", "Grey settee, legless": "Grey"}
SYNONYMS = (SynonymSet(("sofa", "couch")), SynonymSet(("tv",), ("television set",)))

words = st.sampled_from(
    ["shampo", "shampoe", "tea", "brie", "blaek", "Lego", "KX2000", "20", "dry", "xqzvkjw", "'", "-"]
)
texts = st.lists(words, max_size=5).map(" ".join)
