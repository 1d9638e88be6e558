"""`import trimtab`: every example of docs/library.md runs with the output shown there; importing it loads no more."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys
from pathlib import Path

import pytest

import trimtab

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "docs" / "library.md"


def blocks(text: str) -> list[tuple[str, str, int]]:
    """(kind, code, line) of every fenced example, in order."""
    fences = re.finditer(r"^```(python|pycon)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [(found[1], found[2], text[: found.start()].count("\n") + 1) for found in fences]


def test_every_example_of_the_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    found = blocks(LIBRARY.read_text(encoding="utf-8"))
    assert {kind for kind, _, _ in found} == {"python", "pycon"}
    for kind, code, line in found:
        if kind == "python":
            exec(compile("\n" * line + code, str(LIBRARY), "exec"), names)
            continue
        example = doctest.DocTestParser().get_doctest(code, names, "library.md", str(LIBRARY), line)
        said: list[str] = []
        doctest.DocTestRunner().run(example, out=said.append, clear_globs=False)
        assert not said, "".join(said)
        names.update(example.globs)


def test_importing_it_loads_nothing_else() -> None:
    code = "import sys, trimtab; print([n for n in sys.modules if n.startswith(('trimtab.', 'torch', 'numpy'))])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout == "[]\n"


def test_every_public_name_is_there() -> None:
    assert set(trimtab.__all__) <= set(dir(trimtab))
    assert all(getattr(trimtab, name) is not None for name in trimtab.__all__)
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", trimtab.__version__)
    with pytest.raises(AttributeError, match="nothing_here"):
        _ = trimtab.nothing_here
