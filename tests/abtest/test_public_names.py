"""The public names of `trimtab.abtest`: each is there, documented, and its example gives what it says."""

from __future__ import annotations

import doctest
from importlib import import_module

import pytest

from trimtab import abtest

READ_FILES = {"agree", "convert", "replay", "simulate", "tune"}
"""What needs a bundle or a log; `docs/library.md` has examples of these."""
CLASSES = {"OnlineTest"}


def test_all_names_are_listed() -> None:
    assert sorted(abtest.__all__) == abtest.__all__
    assert set(abtest.__all__) <= set(dir(abtest))
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = abtest.no_such_name


@pytest.mark.parametrize("name", abtest.__all__)
def test_its_example_runs(name: str) -> None:
    one = getattr(abtest, name)
    assert one.__doc__
    found = doctest.DocTestFinder(recurse=False).find(one, name, module=import_module(one.__module__))
    n_examples = sum(len(test.examples) for test in found)
    assert n_examples or name in READ_FILES | CLASSES
    for test in found:
        assert doctest.DocTestRunner().run(test).failed == 0
