"""A catalogue of any size is made, built, loaded and searched in steps, and what is done is not done again."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import polars as pl
import pytest

from benchmarks.scale.catalogue import products_of, queries_of, write_catalogue
from benchmarks.scale.run import STEPS, main


@pytest.mark.shared_data
def test_a_size_is_always_the_same_catalogue(shared_data: Path, tmp_path: Path) -> None:
    one, other = tmp_path / "one.parquet", tmp_path / "other.parquet"
    products = products_of(shared_data)
    write_catalogue(products, one, 500)
    write_catalogue(products, other, 500)
    items = pl.read_parquet(one)
    assert items.equals(pl.read_parquet(other))
    assert items["item_id"].n_unique() == 500
    assert items["title"].n_unique() > 490
    assert all(len(text.split()) == 2 for text in queries_of(items["title"].to_list(), 50))


@pytest.mark.slow
@pytest.mark.shared_data
def test_steps_go_on_where_they_were_stopped(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["run", "--items", "2000", "--work", str(tmp_path), "--data", str(shared_data)]
    monkeypatch.setattr(sys, "argv", arguments)
    main()
    folder = tmp_path / "2000-wordllama"
    assert {path.stem for path in folder.glob("*.json")} == set(STEPS)
    assert json.loads((folder / "build.json").read_text())["recall@200 of 0.1"] == 1.0
    said = capsys.readouterr().out
    assert "six facets, three filters: p99, ms" in said
    main()
    assert capsys.readouterr().out == said
