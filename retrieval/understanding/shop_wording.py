"""What a shop says of understanding queries, as a file of a bundle."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from trimtab.catalog.shop import Shop
from trimtab.core.errors import BundleDamaged
from trimtab.core.understood import STEPS, Steps
from trimtab.retrieval.understanding.synonyms import SynonymSet, read_synonyms

FILE = "understanding.json"


@dataclass(frozen=True)
class ShopWording:
    """The steps that are taken unless a request says otherwise, the attributes whose mention filters, the synonyms.

    Attributes:
        filter_on_prices: whether bounds on the price that name a currency filter, too.
    """

    steps: Steps = field(default_factory=Steps)
    filter_on: frozenset[str] = frozenset()
    synonyms: tuple[SynonymSet, ...] = ()
    filter_on_prices: bool = True

    @classmethod
    def of(cls, shop: Shop, folder: Path) -> Self:
        """What `[understanding]` and `[synonyms]` of a `shop.toml` say.

        Args:
            folder: that of the file, beside which the files of synonyms are.

        Raises:
            BadFile: a file of synonyms cannot be read.
        """
        said = shop.understanding
        synonyms = (one for name in shop.synonyms.files for one in read_synonyms(folder / name))
        steps = Steps(**{step: getattr(said, step) for step in STEPS})
        return cls(steps, frozenset(said.filter_on), tuple(synonyms), said.filter_on_prices)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What `save` wrote; the usual where there is no file.

        Raises:
            BundleDamaged: it cannot be read.
        """
        path = folder / FILE
        if not path.exists():
            return cls()
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            synonyms = tuple(SynonymSet(tuple(words), tuple(also)) for words, also in said["synonyms"])
            is_on_prices = bool(said.get("filter_on_prices", True))  # bundles before it was a choice lack it
            return cls(Steps(**said["steps"]), frozenset(said["filter_on"]), synonyms, is_on_prices)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BundleDamaged(path, f"cannot be read ({error})") from None

    def save(self, folder: Path) -> None:
        said = {
            "steps": asdict(self.steps),
            "filter_on": sorted(self.filter_on),
            "synonyms": self.synonyms,
            "filter_on_prices": self.filter_on_prices,
        }
        (folder / FILE).write_text(json.dumps(said, ensure_ascii=False, indent=1), encoding="utf-8")
