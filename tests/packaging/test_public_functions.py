"""What `import trimtab` gives, as a data scientist uses it: frames for files, a page of hits, and errors to act on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import trimtab
from trimtab.abtest import replay, simulate, tune

ROWS = """sku,name,brand,category,price,cost
1,Vanilla ice cream,Dairy Farm,Ice cream,3.99,2.00
2,Chocolate ice cream,Dairy Farm,Ice cream,4.49,2.10
3,Strawberry ice cream,Polar,Ice cream,5.99,5.00
4,Ice cream cones,Crisp,Biscuits,2.29,0.50
5,Ice cream scoop,Steel,Kitchen,9.99,4.00
6,Frozen yogurt,Polar,Yogurt,2.99,2.50
"""
SHOP = """[catalogue]
item_id = "sku"
title = "name"
[objectives.margin]
value = "price - cost"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "shop.csv").write_text(ROWS)
    (folder / "shop.toml").write_text(SHOP)
    return folder


@pytest.fixture(scope="module")
def shop(folder: Path) -> trimtab.SearchIndex:
    return trimtab.build(folder / "shop.csv", folder / "bundle", shop=folder / "shop.toml", encoder="wordllama")


def test_a_frame_is_read_as_the_file_is_that_has_it(shop: trimtab.SearchIndex, folder: Path) -> None:
    frame = pl.read_csv(folder / "shop.csv")
    of_frame = trimtab.build(frame, folder / "of_frame", shop=str(folder / "shop.toml"), encoder="wordllama")
    assert of_frame.objectives == shop.objectives == ("relevance", "revenue", "margin", "diversity")
    steered = {"relevance": 0.5, "margin": 0.5}
    assert (
        of_frame.search("ice cream", weights=steered).slate.item_ids
        == shop.search("ice cream", **steered).slate.item_ids
    )
    assert of_frame.search("*", filters=["brand:Polar"]).n_matches == 2


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        (None, "catalogue, a frame: required column title is missing"),
        (pl.Series(["Ice cream", *[""] * 5]), "catalogue, a frame: .*title is empty"),
        (pl.Series([object()] * 6), "catalogue: the frame cannot be read"),
    ],
)
def test_a_frame_that_cannot_be_used_is_refused_as_a_file_is(
    name: pl.Series | None, problem: str, folder: Path
) -> None:
    frame = pl.read_csv(folder / "shop.csv")
    frame = frame.drop("name") if name is None else frame.with_columns(name=name)
    with pytest.raises(trimtab.errors.BadInput, match=problem):
        trimtab.build(frame, folder / "refused")


def test_pages_of_hits(shop: trimtab.SearchIndex) -> None:
    whole = shop.search("ice cream", k=6)
    first, second = shop.search("ice cream", k=2), shop.search("ice cream", k=2, offset=2)
    ids = [hit["item_id"] for hit in whole]
    assert [hit["item_id"] for hit in (*first, *second)] == ids[:4]
    assert second[0]["position"] == 2
    assert whole[0] == next(iter(whole))
    assert [hit["item_id"] for hit in whole[1:3]] == ids[1:3]
    assert whole[-1]["item_id"] == ids[-1]
    assert (whole.infeasible, whole.degraded) == (False, ())
    assert whole.n_matches == len(whole)


def test_what_words_were_understood_as(shop: trimtab.SearchIndex) -> None:
    assert shop.search("strawbery ice cream").understood.corrected == "strawberry ice cream"
    assert shop.search("strawbery ice cream", exact=True).understood.corrected is None
    assert "features" in shop.search("ice cream", explain=True)[0]


def test_a_draw_for_a_session(shop: trimtab.SearchIndex) -> None:
    drawn = [shop.search("ice cream", session_id="s", explore=True) for _ in range(2)]
    assert drawn[0].slate.item_ids == drawn[1].slate.item_ids
    assert drawn[0].slate.seed is not None
    with pytest.raises(trimtab.errors.BadParameter, match="session_id"):
        shop.search("ice cream", explore=True)


def test_weights_as_keywords_and_as_a_mapping_are_the_same(shop: trimtab.SearchIndex) -> None:
    one = shop.search("ice cream", relevance=0.5, margin=0.5, max_margin_loss=0.1)
    same = shop.search("ice cream", weights={"relevance": 0.5, "margin": 0.5}, max_losses={"margin": 0.1})
    assert one.slate.item_ids == same.slate.item_ids
    assert one.weights == same.weights


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"margn": 1}, r"margn: no such keyword.* \(did you mean 'margin'\?\); allowed: relevance, revenue, margin, "),
        ({"filter": ["brand:Polar"]}, r"filter: .*did you mean 'filters'"),
        ({"max_margn_loss": 0.1}, r"max_margn_loss: .*did you mean 'max_margin_loss'"),
        ({"k": 0}, "k: cannot be 0; allowed: 1 to 200"),
        ({"k": 201}, "k: cannot be 201"),
        ({"offset": -1}, "offset: cannot be -1"),
        ({"mode": "attained"}, "mode: cannot be 'attained'; allowed: weights, attainment"),
        ({"mode": "attainment", "margin": 0.2}, "mode: .*attainment"),
    ],
)
def test_what_cannot_be_asked_for(shop: trimtab.SearchIndex, asked: dict[str, Any], sentence: str) -> None:
    with pytest.raises(trimtab.errors.BadParameter, match=sentence):
        shop.search("ice cream", **asked)


def test_a_frame_of_judgments_is_checked(folder: Path) -> None:
    with pytest.raises(trimtab.errors.BadFile, match="judgments, a frame: column item_id is missing"):
        trimtab.build(folder / "shop.csv", folder / "refused", judgments=pl.DataFrame({"query": ["ice"]}))


@pytest.mark.parametrize("text", ["page.html", "pages/one.html.gz", "https://shop.example/a", " page.html "])
def test_the_name_of_a_page_is_not_a_page(text: str) -> None:
    with pytest.raises(trimtab.errors.BadParameter, match=r"html: .* is not a page; allowed: HTML, or a file as Path"):
        trimtab.analyze_page(text)


def test_a_page_as_a_text_and_as_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = "<html><body><h1>Trail shoe</h1><p class='price'>$ 89.50</p><button>Add to cart</button></body></html>"
    monkeypatch.chdir(tmp_path)
    Path("page").write_text(page)
    assert trimtab.analyze_page(Path("page")).kind == trimtab.analyze_page(page).kind == "product"
    assert trimtab.analyze_page("nothing to buy here").kind == "other"
    with pytest.raises(trimtab.errors.BadParameter, match="'page' is not a page"):
        trimtab.analyze_page("page")


def test_a_log_is_made_replayed_and_tuned_on_by_what_was_loaded(shop: trimtab.SearchIndex, folder: Path) -> None:
    log = str(folder / "log")
    simulate(shop, 300, log, seed=1)
    policies = {"expensive": {"relevance": 0.5, "revenue": 0.5}}
    with pytest.raises(trimtab.errors.BadParameter, match=r"^out: "):
        simulate(shop, 300, log)
    found = replay(log, shop, policies)
    assert found == replay(Path(log), shop.engine, policies) == trimtab.replay(log, str(folder / "bundle"), policies)
    for problem, wrong in {
        "policies: no policy is given; allowed: at least one name with its weights": {},
        "revenu: no such objective in this bundle (did you mean 'revenue'?); allowed: relevance": {"a": {"revenu": 1}},
        "policies: 'logged' is the log's own policy": {"logged": {"revenue": 1}},
    }.items():
        with pytest.raises(trimtab.errors.BadParameter, match=f"^{re.escape(problem)}"):
            trimtab.replay(log, shop, wrong)
    with pytest.raises(trimtab.errors.BadParameter, match=r"^keep: "):
        tune(log, shop, maximise="revenue", keep={"profit": 1.0})
    with pytest.raises(trimtab.errors.BadWeight, match=r"^margin: -1 cannot be a weight"):
        shop.search("ice cream", margin=-1)
