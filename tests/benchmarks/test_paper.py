"""The paper is built from the files of results, and every figure in it is theirs."""

from __future__ import annotations

import json
import re
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import numpy as np
import pytest

from benchmarks.ranking.choosing import PAGE, page_of
from benchmarks.ranking.paper import N_SEEDS, build_pdf
from benchmarks.ranking.paper_figures import PAPER, read_results
from trimtab.engine.build.study_problems import JUDGED
from trimtab.ranker.training.crossval import folds_of

typst = pytest.importorskip("typst")

TEXT = PAPER / "paper.typ"


@pytest.fixture(scope="module")
def pdf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_pdf(tmp_path_factory.mktemp("paper") / "paper.pdf")


def test_the_paper_is_built(pdf: Path) -> None:
    assert pdf.read_bytes().startswith(b"%PDF")


@pytest.mark.usefixtures("pdf")
def test_each_figure_of_the_text_is_that_of_its_file() -> None:
    shown = json.loads(typst.query(TEXT, "<value>", field="value", root=PAPER.parent))
    files = read_results()
    assert len(shown) > 100
    for one in shown:
        found = files[one["file"]]
        for key in one["path"]:
            found = found[key]
        places = Decimal(1).scaleb(-one["digits"])
        expected = (Decimal(str(found)) * Decimal(str(one["times"]))).quantize(places, ROUND_HALF_UP)
        assert one["text"].replace("\N{MINUS SIGN}", "-") == str(expected), one


def test_the_text_has_no_figure_of_its_own() -> None:
    prose = TEXT.read_text()
    prose = re.sub(r"//.*", "", prose)
    prose = re.sub(r"#(import|show|set|let)\b.*", "", prose)  # what lays it out
    prose = re.sub(r"#?[a-z][\w-]*\((?:[^()]|\([^()]*\))*\)", "", prose)  # calls, whose arguments are keys
    prose = re.sub(r"\$[^$]*\$", "", prose)  # formulas
    assert re.findall(r".{0,30}\d.{0,30}", prose) == []


@pytest.mark.parametrize("name", JUDGED)
def test_the_splits_are_those_of_the_file(name: str) -> None:
    kept = read_results()["splits"][name]
    queries = np.array(list(kept))
    for seed in range(N_SEEDS):
        assert folds_of(queries, seed=seed).tolist() == [folds[seed] for folds in kept.values()]


def test_what_is_advised_is_what_was_measured() -> None:
    assert PAGE.read_text() == page_of(read_results())
