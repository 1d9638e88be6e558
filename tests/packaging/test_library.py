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


TRAINING = "Train from judgments"


def blocks(text: str) -> list[tuple[str, str, int, str]]:
    """(kind, code, line, heading above it) of every fenced example, in order."""
    headings = [(found.start(), found[1]) for found in re.finditer(r"^## (.*)$", text, re.MULTILINE)]
    fences = re.finditer(r"^```(python|pycon)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [
        (found[1], found[2], text[: found.start()].count("\n") + 1, [h for at, h in headings if at < found.start()][-1])
        for found in fences
    ]


def run(examples: list[tuple[str, str, int, str]]) -> None:
    """Run them in one namespace; what is shown must be what is printed."""
    names: dict[str, object] = {}
    assert {kind for kind, _, _, _ in examples} == {"python", "pycon"}
    for kind, code, line, _ in examples:
        if kind == "python":
            exec(compile("\n" * line + code, str(LIBRARY), "exec"), names)
            continue
        example = doctest.DocTestParser().get_doctest(code, names, "library.md", str(LIBRARY), line)
        differences: list[str] = []
        doctest.DocTestRunner(verbose=False).run(example, out=differences.append, clear_globs=False)
        assert not differences, "".join(differences)
        names.update(example.globs)


def test_every_example_of_the_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run([example for example in blocks(LIBRARY.read_text(encoding="utf-8")) if example[3] != TRAINING])


@pytest.mark.slow  # half a minute of training
def test_the_example_that_trains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run([example for example in blocks(LIBRARY.read_text(encoding="utf-8")) if example[3] in {"Build", TRAINING}])


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
