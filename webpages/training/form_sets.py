"""The sets of labelled forms, in one vocabulary of field types."""

from __future__ import annotations

import gzip
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trimtab.webpages.parse.dom import Dom, parse
from trimtab.webpages.parse.fields import Field, read_fields
from trimtab.webpages.training.datasets import brand_site, formasaurus_folder

_DUCK = {
    "password.new": "password", "password.current": "password", "username OR emailAddress": "username",
    "middleName": "other",
    "unknown": "other", "totp": "other", "birthdayYear": "birthday", "birthdayMonth": "birthday",
    "birthdayDay": "birthday",
}  # fmt: skip
_FORMASAURUS = {
    "us": "username", "ue": "username", "p1": "password", "p2": "password", "e1": "emailAddress", "e2": "emailAddress",
    "n1": "firstName", "n3": "lastName", "nf": "fullName", "ph": "phone", "P1": "phone", "Co": "addressCountryCode",
    "Ci": "addressCity", "St": "addressProvince", "Ad": "addressStreet", "Sa": "addressStreet", "Sn": "addressStreet",
    "A1": "addressStreet", "A2": "addressStreet2", "A#": "addressStreet2", "S#": "houseNumber",
    "Zi": "addressPostalCode",
    "c#": "cardNumber", "cs": "cardSecurityCode", "ch": "cardName", "cm": "expirationMonth", "cy": "expirationYear",
    "bd": "birthday", "bm": "birthday", "by": "birthday", "bD": "birthday",
}  # fmt: skip
_SHOP = {
    "email": "emailAddress", "password": "password", "current-password": "password", "new-password": "password",
    "username": "username", "name": "fullName", "tel": "phone", "given-name": "firstName", "family-name": "lastName",
    "coupon": "other", "organization": "other", "country": "addressCountryCode", "postal-code": "addressPostalCode",
    "address-level1": "addressProvince", "address-level2": "addressCity", "address-line1": "addressStreet",
    "address-line2": "addressStreet2", "cc-number": "cardNumber", "cc-exp": "expiration", "cc-csc": "cardSecurityCode",
    "cc-name": "cardName",
}  # fmt: skip
EITHER = frozenset({"username", "emailAddress"})
"""An e-mail address asked for to log in is the user name too, and the same value fills it."""
_EITHER_LABELS = frozenset({"username OR emailAddress", "ue"})
_LABEL_ATTRIBUTES = re.compile(rb"""\sdata-(?:manual|ddg)-[\w-]+(?:=(?:"[^"]*"|'[^']*'|[^\s>]+))?""")
_SUFFIX = re.compile(
    r"[_-](?:log-?in|sign-?up|checkout|payment|address|card|change-password|newsletter|signin|form|account"
    r"|booking|donation).*$"
)


MAX_LOGIN_FIELDS = 3


@dataclass(slots=True)
class LabelledForm:
    """A page of fields.

    Attributes:
        types: aligned with `fields`, None where the set says nothing.
        either: indices of fields that are a user name and an e-mail address at once.
    """

    key: str
    source: str
    site: str
    fields: list[Field]
    types: list[str | None]
    either: set[int] = field(default_factory=set)

    def is_right(self, index: int, said: str) -> bool:
        return said == self.types[index] or (index in self.either and said in EITHER)

    def read_logins(self) -> None:
        """Call the e-mail address of a login form its user name, as DuckDuckGo's set does."""
        by_form: defaultdict[int, list[int]] = defaultdict(list)
        for index, one in enumerate(self.fields):
            by_form[one.form].append(index)
        for members in by_form.values():
            asked = [i for i in members if self.fields[i].texts["kind"] not in ("checkbox", "radio")]
            n_passwords = sum(self.fields[i].texts["kind"] == "password" for i in asked)
            if n_passwords == 1 and len(asked) <= MAX_LOGIN_FIELDS:
                for index in asked:
                    if self.types[index] == "emailAddress":
                        self.types[index] = "username"
                        self.either.add(index)


def duck_forms(data: Path) -> Iterator[LabelledForm]:
    """DuckDuckGo's test forms. The labels stand in the markup: they are read, then stripped before anything else."""
    for path in sorted((data / "webpages" / "forms" / "html").glob("*.html.gz")):
        html = gzip.decompress(path.read_bytes())
        labelled = parse(html)
        bare = parse(_LABEL_ATTRIBUTES.sub(b"", html))
        fields = read_fields(bare)
        if len(labelled) != len(bare):
            continue
        name = path.name.removesuffix(".html.gz")
        labels = [labelled.attribute(one.element, "data-manual-scoring") for one in fields]
        types = [_DUCK.get(label, label) or None for label in labels]
        if any(types):
            site = brand_site(_SUFFIX.sub("", name).replace("_", ""))
            yield LabelledForm(name, "duckduckgo", site, fields, types, _either(labels))


def _either(labels: Sequence[str | None]) -> set[int]:
    return {index for index, label in enumerate(labels) if label in _EITHER_LABELS}


def formasaurus_forms() -> Iterator[LabelledForm]:
    """Forms of formasaurus whose visible fields are annotated; an annotated field without a type of ours is `other`."""
    folder = formasaurus_folder()
    if folder is None:
        return
    for name, entry in json.loads((folder / "index.json").read_text()).items():
        annotated = entry.get("visible_html_fields") or []
        if not any(kind != "XX" for row in annotated for kind in row.values()):
            continue
        dom = parse((folder / name).read_bytes())
        fields = read_fields(dom)
        forms = [element for element, tag in enumerate(dom.tags) if tag == "form"]
        codes = [_formasaurus_code(dom, one, forms, annotated) for one in fields]
        types = [None if code is None else _FORMASAURUS.get(code, "other") for code in codes]
        if any(types):
            form = LabelledForm(name, "formasaurus", brand_site(entry["url"]), fields, types, _either(codes))
            form.read_logins()
            yield form


def _formasaurus_code(dom: Dom, one: Field, forms: list[int], annotated: list[dict[str, str]]) -> str | None:
    if one.form < 0 or forms.index(one.form) >= len(annotated):
        return None
    code = annotated[forms.index(one.form)].get(dom.attribute(one.element, "name"))
    return None if code == "XX" else code


def shop_forms(data: Path) -> Iterator[LabelledForm]:
    """Account, contact and checkout pages of shops. Labels come from platforms' names and `autocomplete`: both are
    stripped from labelled fields before anything else is read from the page."""
    folder = data / "webpages" / "shop-forms"
    for entry in json.loads((folder / "index.json").read_text()):
        dom = parse(gzip.decompress((folder / entry["file"]).read_bytes()))
        waiting: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
        for row in entry["fields"]:
            waiting[row["name"] or "", row["id"] or "", row["type"]].append(row["label"] or "")
        types: dict[int, str | None] = {}
        for element in dom.of_tags("input", "select", "textarea"):
            attributes = dom.attributes[element]
            kind = attributes.get("type", "text").lower() if dom.tags[element] == "input" else dom.tags[element]
            labels = waiting[attributes.get("name", ""), attributes.get("id", ""), kind]
            label = labels.pop(0) if labels else ""
            if label:
                types[element] = _SHOP[label]
                attributes.pop("name", None)
                attributes.pop("autocomplete", None)
        fields = read_fields(dom)
        labelled = [types.get(one.element) for one in fields]
        if any(labelled):
            form = LabelledForm(
                entry["file"], "shop-forms", brand_site(entry["site"] or entry["repo"]), fields, labelled
            )
            form.read_logins()
            yield form
