"""The command line as a person uses it: from a catalogue file to an answer, and what is said when something is off."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest
from typer.main import get_command

from tests.cli.terminal import a_terminal
from tests.support.bundles import train_quickly
from trimtab import __version__, cli
from trimtab.catalog.feeds.columns.summary.table import column_lines, written_into
from trimtab.catalog.schema import COLUMNS
from trimtab.engine import Engine
from trimtab.engine.log.impressions import read_log


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


class Trimtab(Protocol):
    def __call__(self, *arguments: object) -> Done: ...


@pytest.fixture
def trimtab(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Trimtab:
    """Run a command in this process: importing torch anew for each would take longer than all of them."""

    def run(*arguments: object) -> Done:
        monkeypatch.setattr("sys.argv", ["trimtab", *map(str, arguments)])
        capfd.readouterr()
        try:
            cli.main()
            code = 0
        except SystemExit as stopped:
            code = int(stopped.code or 0)
        printed = capfd.readouterr()
        return Done(code, printed.out, printed.err)

    return run


def test_every_option_says_what_it_is() -> None:
    def without_help(command: Any, path: str) -> Iterator[str]:
        for name, one in getattr(command, "commands", {}).items():
            yield from without_help(one, f"{path} {name}")
        yield from (f"{path} {one.opts}" for one in command.params if not getattr(one, "help", None))

    assert list(without_help(get_command(cli.app), "trimtab")) == []


def test_from_a_users_csv_to_an_answer(trimtab: Trimtab, tmp_path: Path) -> None:
    shop = tmp_path / "shop.csv"
    with shop.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["item_id", "title", "brand", "price"])
        writer.writerows([["1", "Red cotton shirt", "Acme", "$20.00"], ["2", "Leather boots", "Bolt", "120"]])
        writer.writerow(["3", "", "Bolt", "5"])
    built = trimtab("build", shop, "--out", tmp_path / "bundle", "--max-rejected-share", "0.5")
    assert built.returncode == 0, built.stderr
    assert "2 rows kept, 1 rejected" in built.stderr
    assert "line 4: title is empty" in built.stderr
    assert "columns: item_id, title, brand, price" in built.stderr
    assert "trimtab search" in built.stdout  # the command that comes next
    found = trimtab("search", tmp_path / "bundle", "shirt", "--w-revenue", "0.2", "--w-relevance", "0.8", "--json")
    answer = json.loads(found.stdout)
    assert answer["hits"][0]["item_id"] == "1"
    assert answer["weights"] == {"relevance": 0.8, "revenue": 0.2, "diversity": 0.0}
    table = trimtab("search", tmp_path / "bundle", "shirt")
    assert "Red cotton shirt" in table.stdout
    assert "receipt" in table.stdout
    assert "item_id" in table.stdout
    assert all(len(line) <= 80 for line in table.stdout.splitlines())
    assert "…" not in table.stdout, "numbers are whole"


def test_build_prints_one_json_object_for_programs(trimtab: Trimtab, tmp_path: Path) -> None:
    shop, graded, out = tmp_path / "shop.csv", tmp_path / "graded.csv", tmp_path / "bundle"
    shop.write_text("item_id,title,price,note\n1,Red shirt,20,x\n2,Leather boots,120,y\n3,Silk scarf,free,z\n")
    graded.write_text("query,item_id,grade\nshirt,1,3\nshirt,2,0\nboots,2,3\nboots,1,0\n")
    with pytest.MonkeyPatch.context() as patch:
        train_quickly(patch)
        arguments = ("build", shop, "--out", out, "--judgments", graded, "--max-rejected-share", "0.5", "--json")
        built = trimtab(*arguments)
    assert built.returncode == 0, built.stderr
    assert built.stderr == ""
    summary = json.loads(built.stdout)
    manifest = json.loads((out / "manifest.json").read_text())
    assert summary["bundle_id"] == manifest["bundle_id"]
    assert summary["rows"] == manifest["catalogue"]["rows"]
    assert (summary["rows"]["n_kept"], summary["rows"]["n_rejected"]) == (2, 1)
    assert summary["rows"]["rejected"]["price"]["first_line"] == 4
    assert summary["rows"]["attribute_columns"] == ["note"]
    assert summary["trained_on"] == ["judgments"]
    assert summary["recall@100"]["value"] == 1
    assert summary["ndcg@10"] == manifest["training"]["cross_validation"]["ndcg@10"]
    assert summary["ndcg@10_as_retrieved"]["n_queries"] == 2
    assert summary["bytes"] > 1000


@pytest.mark.shared_data
def test_best_buy_is_built_from_its_folder(trimtab: Trimtab, shared_data: Path, tmp_path: Path) -> None:
    built = trimtab(
        "build", "bestbuy", "--data", shared_data / "bestbuy", "--out", tmp_path / "bundle", "--encoder", "wordllama"
    )
    assert built.returncode == 0, built.stderr
    assert "items from bestbuy" in built.stdout
    found = json.loads(trimtab("search", tmp_path / "bundle", "headphones", "--json").stdout)
    assert "headphone" in found["hits"][0]["title"].lower()


def test_the_version_is_the_packages(trimtab: Trimtab) -> None:
    assert trimtab("--version").stdout == f"trimtab {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("build", "nowhere.csv", "--out", "OUT"), "nowhere.csv"),
        (("build", "icecat", "--out", "OUT"), "--data"),
        (("build", "bestbuy", "--out", "OUT"), "ecommerce.json.gz"),
        (("build", "grocery", "--out", "OUT", "--encoder", "word2vec"), "word2vec"),
        (("search", "BUNDLE", "  "), "query: is empty"),
        (("search", "BUNDLE", "soup", "--filter", "colour:red"), "colour"),
        (("search", "BUNDLE", "soup", "--w-revenue", "-1"), "w-revenue"),
        (("evaluate", "BUNDLE", "--judgments", "nowhere.csv"), "nowhere.csv"),
        (("replay", "nowhere", "--bundle", "BUNDLE", "--policy", "a=w_relevance:1", "--out", "OUT"), "nowhere"),
        (("replay", "nowhere", "--bundle", "BUNDLE", "--policy", "a=margin", "--out", "OUT"), "--policy"),
    ],
)
def test_bad_input_is_one_clear_line_and_exit_code_2(
    trimtab: Trimtab, small_bundle: Path, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    places = {"BUNDLE": small_bundle, "OUT": tmp_path / "out"}
    done = trimtab(*(places.get(argument, argument) for argument in arguments))
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert not (tmp_path / "out").exists()


def test_a_damaged_bundle_is_exit_code_1_and_names_the_file(trimtab: Trimtab, tmp_path: Path) -> None:
    done = trimtab("search", tmp_path, "soup")
    assert done.returncode == 1
    assert f"{tmp_path}/manifest.json" in done.stderr


def test_evaluate_prints_intervals_as_json(trimtab: Trimtab, small_bundle: Path, tmp_path: Path) -> None:
    engine = Engine.load(small_bundle)
    items = engine.store.item_ids(engine.pipeline.retrieve("vanilla yogurt").rows[:5])
    judgments = tmp_path / "judgments.csv"
    judgments.write_text(
        "query,item_id,grade\n" + "".join(f"vanilla yogurt,{i},{3 - n % 2}\n" for n, i in enumerate(items))
    )
    figures = json.loads(trimtab("evaluate", small_bundle, "--judgments", judgments, "--json").stdout)
    assert figures["ndcg@10"]["n_queries"] == 1
    assert 0 < figures["ndcg@10"]["low"] <= figures["ndcg@10"]["value"] <= 1
    assert figures["recall@100"]["value"] == 1


def test_a_bundle_to_serve_is_named_as_other_commands_name_it(
    trimtab: Trimtab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[dict[str, object]] = []
    monkeypatch.setattr("trimtab.service.server.serve", lambda **given: served.append(given))
    bundle, data = tmp_path / "shop", tmp_path / "kept"
    trimtab("serve", bundle, "--data-folder", data)
    trimtab("serve", "--bundle", bundle)
    assert served == [{"bundle": bundle, "data_folder": data}, {"bundle": bundle}]
    both = trimtab("serve", bundle, "--bundle", tmp_path)
    assert both.returncode == 2
    assert str(bundle) in both.stderr


def test_from_a_feed_to_its_playground(
    trimtab: Trimtab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    feed, bundle = tmp_path / "shoes.csv", tmp_path / "bundles" / "shoes"
    rows = [f"{n},Boot {n},Boots,{10 + n}.50,{'red' if n % 2 else 'blue'},{n + 2}.10" for n in range(12)]
    feed.write_text("\n".join(["sku,name,category,price,colour,cost", *rows]) + "\n")
    served: dict[str, object] = {}
    monkeypatch.setattr("trimtab.service.server.serve", lambda **given: served.update(given))
    done = trimtab("init", feed, "--out", bundle, "--yes", "--no-browser", "--port", "8123", "--encoder", "wordllama")
    assert done.returncode == 0, done.stderr
    for line in ("sku", "item_id", "colour (text)", "facet", "12 rows kept, 0 rejected"):
        assert line in done.stdout + done.stderr
    assert "http://127.0.0.1:8123/?q=Boots" in done.stdout
    assert served == {"bundle": bundle, "port": 8123}
    assert len(Engine.load(bundle).store) == 12

    shop = bundle.with_name("shoes.shop.toml")
    assert '# value = "price - cost"' in shop.read_text()
    shop.write_text(shop.read_text().replace("[attributes.colour]", '[attributes.colour]\ntype = "txt"'))
    edited = trimtab("init", feed, "--out", bundle, "--yes", "--no-serve")
    assert edited.returncode == 2
    assert "did you mean 'text'?" in edited.stderr
    missing = trimtab("init", tmp_path / "shoe.cvs")
    assert (missing.returncode, "no such file (did you mean 'shoes.csv'?)" in missing.stderr) == (2, True)


def test_a_search_says_how_it_was_understood_and_what_a_filter_may_have_meant(trimtab: Trimtab, tmp_path: Path) -> None:
    rows = [f"{n},Waterproof hiking boot of the year {n},{'Navy blue' if n % 2 else 'Red'}" for n in range(12)]
    (tmp_path / "boots.csv").write_text("\n".join(["item_id,title,colour", *rows]))
    trimtab("build", tmp_path / "boots.csv", "--out", tmp_path / "bundle", "--encoder", "wordllama")
    found = trimtab("search", tmp_path / "bundle", "hikng boot").stdout
    assert "searched for “hiking boot” instead of “hikng boot”" in found
    assert "Waterproof hiking boot of the year 3" in found, "a title is whole"
    nothing = trimtab("search", tmp_path / "bundle", "boot", "--filter", "colour:Nvy").stdout
    assert "no item matches" in nothing
    assert "no item has colour:Nvy (did you mean 'Navy blue'?)" in nothing
    assert "receipt" not in nothing


def test_build_without_arguments_asks_a_person_for_a_feed(
    trimtab: Trimtab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "SOURCE: is missing" in trimtab("build").stderr
    assert "--out: is missing" in trimtab("build", "feed.csv").stderr
    asked: list[Path] = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("typer.prompt", lambda _: str(tmp_path / "feed.csv"))
    monkeypatch.setattr("trimtab.cli.init.init", lambda *, feed: asked.append(feed))
    assert trimtab("build").returncode == 0
    assert asked == [tmp_path / "feed.csv"]


WRONG_SHOPS = {
    '[catalogue]\nlanguge = "en"': "did you mean 'language'?",
    '[catalogue]\nprice = "prise"': "did you mean 'price'?",
    '[attributes.colour]\ntype = "txt"': "did you mean 'text'?",
    '[objectives.margin]\nvalue = "price - cost"': (
        "line 2: objectives.margin.value: the feed has no attribute 'cost' (did you mean 'cost_per_item'?)"
    ),
}
BUILD_EACH = """
import sys
from trimtab import cli

for number in range(int(sys.argv[1])):
    sys.argv = ["trimtab", "build", "shop.csv", "--shop", f"{number}.toml", "--out", "bundle"]
    try:
        cli.main()
    except SystemExit as ended:
        sys.stderr.write(f"code {ended.code}\\0")
print("torch" in sys.modules)
"""


def test_what_is_wrong_with_a_shop_is_said_before_anything_is_imported_that_builds(tmp_path: Path) -> None:
    (tmp_path / "shop.csv").write_text("item_id,title,price,Cost per item\n1,Boot,3,1\n2,Shoe,4,2\n")
    for number, written in enumerate(WRONG_SHOPS):
        (tmp_path / f"{number}.toml").write_text(written)
    command = [sys.executable, "-c", BUILD_EACH, str(len(WRONG_SHOPS))]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
    for said, printed in zip(WRONG_SHOPS.values(), done.stderr.split("\0")[:-1], strict=True):
        assert said in printed
        assert printed.endswith("code 2")


def test_the_documentation_lists_the_columns_of_the_schema(trimtab: Trimtab, tmp_path: Path) -> None:
    docs = (Path(__file__).parents[2] / "docs" / "catalogue.md").read_text()
    assert written_into(docs) == docs, "trimtab shop columns --write docs/catalogue.md"
    assert set(COLUMNS) <= {one.column for one in column_lines()}
    listed = trimtab("shop", "columns")
    assert "item_id" in listed.stdout
    assert "sale_price" in listed.stdout
    (tmp_path / "none.md").write_text("no marks")
    assert trimtab("shop", "columns", "--write", tmp_path / "none.md").returncode == 2


@pytest.mark.usefixtures("grocery_is_loaded")
def test_simulate_then_replay(trimtab: Trimtab, small_bundle: Path, tmp_path: Path) -> None:
    log, report = tmp_path / "log", tmp_path / "report"
    with pytest.MonkeyPatch.context() as patch, a_terminal(patch) as shown:
        assert trimtab("simulate", small_bundle, "--impressions", "100", "--out", log, "--seed", "1").returncode == 0
        assert "━" in shown()
    asked = ("replay", log, "--bundle", small_bundle, "--out", report)
    policies = ("--policy", "relevant=w_relevance:1", "--policy", "expensive=w_relevance:0.8,w_revenue:0.2")
    with pytest.MonkeyPatch.context() as patch, a_terminal(patch) as shown:
        printed = trimtab(*asked, *policies).stdout
        assert "expensive " in printed  # the beginning of its verdict
        assert str(report / "report.html") in printed
        assert "━" in shown()
    decision_id = next(read_log(log))["decision_id"][0]
    explained = trimtab("decision", decision_id, "--bundle", small_bundle, "--log", log)
    said = " ".join(explained.stdout.split())
    assert (explained.returncode, decision_id in said, "receipt" in said) == (0, True, True)
    again = json.loads(trimtab("decision", decision_id, "--bundle", small_bundle, "--log", log, "--json").stdout)
    assert again["decision_id"] == decision_id
    replayed = trimtab(*asked, *policies, "--json")
    assert replayed.returncode == 0, replayed.stderr
    assert all(line.startswith("warning: ") for line in replayed.stderr.splitlines())
    result = json.loads(replayed.stdout)
    assert {"relevant", "expensive"} <= set(result["policies"])
    for policy in ("relevant", "expensive"):
        assert {"relevance", "revenue", "diversity"} <= set(result["policies"][policy])
    assert (report / "report.md").read_text()


def test_a_page_is_read_as_a_table_and_as_json(trimtab: Trimtab, tmp_path: Path) -> None:
    stated = '{"@type": "Product", "name": "[Kettle]", "offers": {"price": "24.90", "priceCurrency": "EUR"}}'
    html = tmp_path / "kettle.html"
    html.write_text(
        f'<html><head><script type="application/ld+json">{stated}</script></head>'
        "<body><h1>[Kettle]</h1><span>24.90 EUR</span><button>Add to cart</button></body></html>"
    )
    table = trimtab("pages", "analyze", html)
    assert table.returncode == 0, table.stderr
    assert "24.90" in table.stdout
    assert "[Kettle]" in table.stdout
    found = json.loads(trimtab("pages", "analyze", html, "--json").stdout)
    assert found["elements"]["price"]["value"] == "24.90"


def test_queries_are_completed_and_synonyms_proposed(
    trimtab: Trimtab, small_bundle: Path, log: Path, tmp_path: Path
) -> None:
    done = trimtab("suggest", str(small_bundle), "yogu", "--log", str(log), "--min-users", "1", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["query"] == "yogu"
    assert "query" in {one["kind"] for one in found["suggestions"]}
    out = tmp_path / "synonyms.txt"
    done = trimtab("synonyms", "suggest", str(small_bundle), "--log", str(log), "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert out.read_text().startswith("# Candidates")
