"""A page without statements of one syntax or another, so that a label derived from them can be learnt from."""

from __future__ import annotations

from collections.abc import Collection

from trimtab.webpages.parse.dom import Dom

STATEMENTS = frozenset({"json-ld", "microdata", "opengraph"})
_MICRODATA = ("itemprop", "itemscope", "itemtype", "itemid", "itemref", "typeof")
_META = ("property", "name", "content")


def mask(dom: Dom, syntaxes: Collection[str]) -> Dom:
    """Take what these syntaxes say out of a page, in place; what a shopper reads stays.

    Args:
        syntaxes: some of STATEMENTS, and `scripts` for data in the page's own scripts.
    """
    if "json-ld" in syntaxes:
        dom.scripts = []
    if "scripts" in syntaxes:
        dom.inline_scripts = []
    if "microdata" in syntaxes:
        for name in _MICRODATA:
            for element in dom.by_attribute.pop(name, ()):
                del dom.attributes[element][name]
    if "opengraph" in syntaxes:
        for element in dom.of_tags("meta"):
            for name in _META:
                if dom.attributes[element].pop(name, None) is not None:
                    dom.by_attribute[name].remove(element)
    return dom
