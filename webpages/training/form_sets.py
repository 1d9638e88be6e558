"""The two sets of labelled forms, in one vocabulary of field types."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
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
_LABEL_ATTRIBUTES = re.compile(rb"""\sdata-(?:manual|ddg)-[\w-]+(?:=(?:"[^"]*"|'[^']*'|[^\s>]+))?""")
_SUFFIX = re.compile(
    r"[_-](?:log-?in|sign-?up|checkout|payment|address|card|change-password|newsletter|signin|form|account"
    r"|booking|donation).*$"
)


@dataclass(slots=True)
class LabelledForm:
    """A page of fields; `types` aligned with `fields`, None where the set says nothing."""

    key: str
    source: str
    site: str
    fields: list[Field]
    types: list[str | None]


def duck_forms(data: Path, *, with_autocomplete: bool = True) -> Iterator[LabelledForm]:
    """DuckDuckGo's test forms. The labels stand in the markup: they are read, then stripped before anything else."""
    for path in sorted((data / "webpages" / "forms" / "html").glob("*.html.gz")):
        html = gzip.decompress(path.read_bytes())
        labelled = parse(html)
        bare = parse(_LABEL_ATTRIBUTES.sub(b"", html))
        fields = read_fields(bare, with_autocomplete=with_autocomplete)
        if len(labelled) != len(bare):
            continue
        name = path.name.removesuffix(".html.gz")
        types = [_duck_type(labelled.attribute(one.element, "data-manual-scoring")) for one in fields]
        if any(types):
            yield LabelledForm(name, "duckduckgo", brand_site(_SUFFIX.sub("", name).replace("_", "")), fields, types)


def _duck_type(label: str) -> str | None:
    return _DUCK.get(label, label) or None


def formasaurus_forms(*, with_autocomplete: bool = True) -> Iterator[LabelledForm]:
    """Forms of formasaurus whose visible fields are annotated; an annotated field without a type of ours is `other`."""
    folder = formasaurus_folder()
    if folder is None:
        return
    for name, entry in json.loads((folder / "index.json").read_text()).items():
        annotated = entry.get("visible_html_fields") or []
        if not any(kind != "XX" for row in annotated for kind in row.values()):
            continue
        dom = parse((folder / name).read_bytes())
        fields = read_fields(dom, with_autocomplete=with_autocomplete)
        form_elements = [element for element, tag in enumerate(dom.tags) if tag == "form"]
        types = [_formasaurus_type(dom, one, form_elements, annotated) for one in fields]
        if any(types):
            yield LabelledForm(name, "formasaurus", brand_site(entry["url"]), fields, types)


def _formasaurus_type(dom: Dom, one: Field, forms: list[int], annotated: list[dict[str, str]]) -> str | None:
    if one.form < 0 or forms.index(one.form) >= len(annotated):
        return None
    code = annotated[forms.index(one.form)].get(dom.attribute(one.element, "name"))
    return None if code in (None, "XX") else _FORMASAURUS.get(code or "", "other")
