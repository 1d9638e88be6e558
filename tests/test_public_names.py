"""The public names of `trimtab.abtest` and `trimtab.ranker`: each is documented and its example gives what it says."""

from __future__ import annotations

import doctest
import re
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import trimtab
from trimtab import abtest, ranker

READ_FILES = {"agree", "convert", "replay", "simulate", "tune", "read_lambdarank", "read_mslr", "read_svmlight"}
"""What needs a bundle or a log; `docs/library.md` has examples of these."""
CLASSES = {"OnlineTest"}
REFERENCE = Path(__file__).resolve().parents[1] / "docs" / "reference"


PUBLIC = (abtest, ranker)


@pytest.mark.parametrize("package", PUBLIC)
def test_all_names_are_listed(package: ModuleType) -> None:
    assert sorted(package.__all__) == package.__all__
    assert set(package.__all__) <= set(dir(package))
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = package.no_such_name


@pytest.mark.parametrize("package", [*PUBLIC, trimtab])
def test_each_name_has_a_page_of_the_reference(package: ModuleType) -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in REFERENCE.glob("*.md"))
    named = set(re.findall(r"^::: (\S+)$", pages, re.MULTILINE))
    of_functions = {getattr(package, name).__module__ for name in package.__all__ if callable(getattr(package, name))}
    assert of_functions <= named


@pytest.mark.parametrize(("package", "name"), [(package, name) for package in PUBLIC for name in package.__all__])
def test_its_example_runs(package: ModuleType, name: str) -> None:
    one = getattr(package, name)
    assert one.__doc__
    found = doctest.DocTestFinder(recurse=False).find(one, name, module=import_module(one.__module__))
    n_examples = sum(len(test.examples) for test in found)
    assert n_examples or name in READ_FILES | CLASSES
    for test in found:
        assert doctest.DocTestRunner().run(test).failed == 0
