"""The CSS that can be applied without rendering: inline styles and embedded sheets, for the few properties that matter.

Selectors of tags, ids, classes and their descendants and children are matched; anything else (states, attributes,
siblings) is left out rather than guessed. Rules are found by their last part, so the work grows with the candidates
asked
for and not with elements times rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from trimtab.webpages.parse.dom import Dom

MAX_SHEET = 600_000
MAX_RULES = 6_000
"""Number of rules whose classes and ids the page has."""
MAX_RULES_PER_KEY = 40
BASE_SIZE = 16.0

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_RELEVANT = re.compile(
    r"(display|visibility|font-size|font-weight|text-decoration(?:-line)?|opacity|font)\s*:\s*([^;]{1,80})"
    r"|(left|right|top|text-indent)\s*:\s*(-\d{3,})"
)
_OFFSETS = frozenset({"left", "right", "top", "text-indent"})
"""Kept only where they move an element hundreds of pixels away."""
_BEFORE_PROPERTY = frozenset("; \t\n\r\f{")
_UNREAD = re.compile(r"[:\[+~]")
_COMPOUND = re.compile(r"([a-z][a-z0-9]*|\*)?((?:[#.][\w-]+)*)", re.IGNORECASE)
_PART = re.compile(r"[#.][\w-]+")
_TAKING_AWAY = tuple(map(re.compile, (r"line-through", r"display\s*:\s*none", r"visibility\s*:\s*hidden")))
"""Each begins with a word, which `re` finds fast in a long sheet."""
MAX_RULE = 2_000
"""Characters of a rule."""
_LENGTH = re.compile(r"(\d*\.?\d+)(px|pt|rem|em|%|vw)")
_NAMED_SIZES = {"xx-small": 9, "x-small": 10, "small": 13, "medium": 16, "large": 18, "x-large": 24, "xx-large": 32}
_TAG_SIZES = {
    "h1": 2.0,
    "h2": 1.5,
    "h3": 1.17,
    "h5": 0.83,
    "h6": 0.67,
    "small": 0.83,
    "sub": 0.83,
    "sup": 0.83,
    "big": 1.2,
}
_BOLD_TAGS = frozenset({"b", "strong", "h1", "h2", "h3", "h4", "h5", "h6", "th"})
_STRUCK_TAGS = frozenset({"del", "s", "strike"})

Compound = tuple[str, str, frozenset[str]]
"""Tag (empty for any), id (empty for any), classes."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Compounds from the last to the first, each with whether the next one must be the parent."""

    compounds: tuple[tuple[Compound, bool], ...]
    declarations: dict[str, str]
    weight: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Computed:
    """Style of one element: `size` in pixels; `known` where a rule or an inline style said so; `off_screen` where one
    moves it far away, as decoys are and texts for screen readers."""

    hidden: bool = False
    struck: bool = False
    size: float = BASE_SIZE
    bold: bool = False
    known: bool = False
    off_screen: bool = False


@dataclass(slots=True)
class Styles:
    """The page's rules, and computed styles of the elements asked for so far."""

    dom: Dom
    classes: dict[str, frozenset[str]] = field(default_factory=dict)
    by_key: dict[str, list[Rule]] = field(default_factory=dict)
    computed: dict[int, Computed] = field(default_factory=dict)

    NAMES = ("css_hidden", "css_struck", "css_size", "css_size_share", "css_bold", "css_known")

    @classmethod
    def of(cls, dom: Dom) -> Styles:
        classes = {value: frozenset(value.split()) for value in dom.by_class}
        styles = cls(dom, classes | {"": frozenset()})
        on_page = {f".{name}" for names in classes.values() for name in names}
        on_page |= {f"#{dom.attributes[element]['id']}" for element in dom.having("id")}
        n_rules = 0
        for sheet in dom.styles:
            for selector, body in _blocks(sheet[:MAX_SHEET]):
                # Most rules of a sheet are of names that the page does not have.
                held = [one for one in selector.split(",")[:20] if on_page.issuperset(_PART.findall(one))]
                declarations = _declarations(body) if held and n_rules < MAX_RULES else {}
                for single in held if declarations else ():
                    if n_rules < MAX_RULES:
                        n_rules += styles._add(_rule(single, declarations, n_rules))
        return styles

    def _add(self, rule: Rule | None) -> bool:
        if rule is None:
            return False
        tag, name, classes = rule.compounds[0][0]
        bucket = self.by_key.setdefault(f"#{name}" if name else f".{min(classes)}" if classes else tag, [])
        if len(bucket) < MAX_RULES_PER_KEY:
            bucket.append(rule)
        return True

    def rows(self, elements: Sequence[int]) -> NDArray[np.float32]:
        """[n, len(NAMES)] columns; the share is of the largest size among `elements`."""
        styles = [self.of_element(element) for element in elements]
        largest = max((style.size for style in styles if not style.hidden), default=BASE_SIZE)
        return np.asarray(
            [[s.hidden, s.struck, s.size, s.size / largest, s.bold, s.known] for s in styles], dtype=np.float32
        ).reshape(len(styles), len(self.NAMES))

    def of_element(self, element: int) -> Computed:
        """Computed style, inherited from the root downwards."""
        chain = []
        while element >= 0 and element not in self.computed:
            chain.append(element)
            element = self.dom.parents[element]
        style = self.computed[element] if element >= 0 else Computed()
        for current in reversed(chain):
            style = self._derive(current, style)
            self.computed[current] = style
        return style

    def _derive(self, element: int, parent: Computed) -> Computed:
        tag, attributes = self.dom.tags[element], self.dom.attributes[element]
        declarations = self._declared(element)
        size = _size(declarations.get("font-size", ""), parent.size, tag)
        weight = declarations.get("font-weight", "")
        bold = parent.bold or tag in _BOLD_TAGS
        if weight:
            bold = weight in ("bold", "bolder") or (weight[:3].isdigit() and int(weight[:3]) >= 600)
        decoration = declarations.get("text-decoration", declarations.get("text-decoration-line", ""))
        hidden = parent.hidden or (
            (
                declarations.get("display", "").startswith("none")
                or declarations.get("visibility", "").startswith("hidden")
                or declarations.get("opacity", "") in ("0", "0.0")
                or "hidden" in attributes
            )
            and not self.dom.has_most_text(element)
        )
        struck = (parent.struck and declarations.get("display", "") != "inline-block") or (
            "line-through" in decoration or (tag in _STRUCK_TAGS and decoration != "none")
        )
        off_screen = parent.off_screen or not _OFFSETS.isdisjoint(declarations)
        return Computed(hidden, struck, size, bold, parent.known or bool(declarations), off_screen)

    def _declared(self, element: int) -> dict[str, str]:
        attributes = self.dom.attributes[element]
        keys = [self.dom.tags[element], *(f".{name}" for name in attributes.get("class", "").split()[:20])]
        if attributes.get("id"):
            keys.append(f"#{attributes['id']}")
        rules = [rule for key in keys for rule in self.by_key.get(key, ()) if self._matches(rule, element)]
        declared: dict[str, str] = {}
        for rule in sorted(rules, key=lambda rule: rule.weight):
            declared.update(rule.declarations)
        if "style" in attributes:
            declared.update(_declarations(attributes["style"][:2000]))
        return declared

    def _matches(self, rule: Rule, element: int) -> bool:
        (first, direct), *rest = rule.compounds
        if not self._fits(first, element):
            return False
        current = self.dom.parents[element]
        for compound, next_direct in rest:
            while current >= 0 and not self._fits(compound, current):
                if direct:
                    return False
                current = self.dom.parents[current]
            if current < 0:
                return False
            direct, current = next_direct, self.dom.parents[current]
        return True

    def _fits(self, compound: Compound, element: int) -> bool:
        tag, name, classes = compound
        if tag and tag != self.dom.tags[element]:
            return False
        attributes = self.dom.attributes[element]
        if name and name != attributes.get("id"):
            return False
        return not classes or classes <= self.classes[attributes.get("class", "")]


def names_taking_away(dom: Dom) -> frozenset[str]:
    """Classes that a rule of the embedded sheets strikes or hides, found without reading the other rules."""
    names: set[str] = set()
    for sheet in dom.styles:
        for match in chain.from_iterable(pattern.finditer(sheet[:MAX_SHEET]) for pattern in _TAKING_AWAY):
            first = max(0, match.start() - MAX_RULE)
            opening = sheet.rfind("{", first, match.start())
            before = max(sheet.rfind("}", first, opening), sheet.rfind("{", first, opening)) if opening > 0 else -1
            for selector in sheet[before + 1 : opening].split(",")[:20] if opening > 0 else ():
                last = selector.split()[-1:]
                names.update(part[1:] for part in _PART.findall(last[0] if last else "") if part[0] == ".")
    return frozenset(names)


def _blocks(sheet: str) -> Iterator[tuple[str, str]]:
    """Selector and body, in lower case, of each rule that may matter and holds on a screen; `@media print` and the like
    are passed over."""
    opened: list[str] = []
    n_foreign = 0
    for piece in _COMMENT.sub(" ", sheet).split("}")[:-1]:
        selector, brace, body = piece.partition("{")
        if brace and "{" not in body and "@" not in selector and ";" not in selector:
            body = body.lower()
            if not n_foreign and _may_matter(body):
                yield selector.strip(), body
            continue
        *preludes, body = piece.split("{")
        for prelude in preludes:
            opened.append((prelude.rsplit(";", 1)[-1] if ";" in prelude else prelude).strip())
            n_foreign += opened[-1][:1] == "@" and _is_foreign(opened[-1])
        if opened:
            prelude = opened.pop()
            if prelude[:1] == "@":
                n_foreign -= _is_foreign(prelude)
            elif not n_foreign and _may_matter(body.lower()):
                yield prelude, body.lower()


def _is_foreign(prelude: str) -> bool:
    return prelude.startswith("@") and not (prelude.startswith("@media") and _on_screen(prelude))


def _on_screen(prelude: str) -> bool:
    """Whether a media query holds for a screen of 1280 pixels."""
    if "print" in prelude or "orientation" in prelude or "hover" in prelude:
        return False
    widest = re.search(r"max-width\s*:\s*(\d+)", prelude)
    narrowest = re.search(r"min-width\s*:\s*(\d+)", prelude)
    return (widest is None or int(widest[1]) >= 1280) and (narrowest is None or int(narrowest[1]) <= 1280)


def _may_matter(body: str) -> bool:
    """Whether a body in lower case can have a declaration that is read; half of them cannot, and this is fast."""
    return (
        "font" in body
        or "display" in body
        or "text-decoration" in body
        or "visibility" in body
        or "opacity" in body
        or ":-" in body
        or ": -" in body
    )


def _declarations(body: str) -> dict[str, str]:
    body = body.lower()
    found = {
        match[1] or match[3]: (match[2] or match[4]).strip().removesuffix("!important").strip()
        for match in _RELEVANT.finditer(body)
        if match.start() == 0 or body[match.start() - 1] in _BEFORE_PROPERTY
    }
    short = found.pop("font", "")
    if short:
        size = _LENGTH.search(short)
        if size:
            found.setdefault("font-size", size.group())
        if re.search(r"\b(?:bold|[6-9]00)\b", short):
            found.setdefault("font-weight", "bold")
    return found


def _rule(selector: str, declarations: dict[str, str], order: int) -> Rule | None:
    if len(selector) > 200 or _UNREAD.search(selector):
        return None
    compounds: list[tuple[Compound, bool]] = []
    direct = False
    ids = classes = tags = 0
    for part in reversed(selector.replace(">", " > ").split()):
        if part == ">":
            if compounds:
                compounds[-1] = (compounds[-1][0], True)
            continue
        match = _COMPOUND.fullmatch(part)
        if match is None:
            return None
        tag = (match[1] or "").lower().replace("*", "")
        names = _PART.findall(match[2])
        name = next((value[1:] for value in names if value[0] == "#"), "")
        own = frozenset(value[1:] for value in names if value[0] == ".")
        ids, classes, tags = ids + bool(name), classes + len(own), tags + bool(tag)
        compounds.append(((tag, name, own), direct))
    if not compounds or compounds[0][0] == ("", "", frozenset()):
        return None
    return Rule(tuple(compounds), declarations, (ids, classes, tags, order))


def _size(value: str, inherited: float, tag: str) -> float:
    if not value or value in ("inherit", "unset"):
        return min(inherited * _TAG_SIZES.get(tag, 1.0), 200.0)
    if value in _NAMED_SIZES:
        return float(_NAMED_SIZES[value])
    length = _LENGTH.match(value)
    if length is None:
        return inherited
    number, unit = float(length[1]), length[2]
    factor = {"px": 1.0, "pt": 4 / 3, "rem": BASE_SIZE, "em": inherited, "%": inherited / 100, "vw": 12.8}[unit]
    return min(number * factor, 200.0)
