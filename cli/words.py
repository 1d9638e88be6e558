"""The commands on the words of queries: completions, and candidates for synonyms."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trimtab.cli.console import AsJson, BundleFolder, load_engine, notes, plain, print_json, results

if TYPE_CHECKING:
    from trimtab.engine import Engine
    from trimtab.retrieval.understanding.synonym_candidates import Candidate

app = typer.Typer()
synonyms_app = typer.Typer(name="synonyms", help="Words that find each other.", no_args_is_help=True)
app.add_typer(synonyms_app)


@app.command()
def suggest(
    bundle: BundleFolder,
    text: Annotated[str, typer.Argument(help="the beginning of a query")],
    k: Annotated[int, typer.Option(min=1, max=50, help="suggestions to show")] = 8,
    log: Annotated[Path | None, typer.Option(help="impression log whose queries are suggested, too")] = None,
    min_users: Annotated[int, typer.Option(min=1, help="users who must have typed a query")] = 5,
    as_json: AsJson = False,
) -> None:
    """Complete the beginning of a query."""
    from rich.table import Table

    from trimtab.engine.log.impressions import read_log
    from trimtab.retrieval.suggestions.entries import entries_of
    from trimtab.retrieval.suggestions.index import SuggestionIndex
    from trimtab.retrieval.suggestions.queries import LOGGED, counted, queries_of
    from trimtab.retrieval.suggestions.suggester import Suggester

    engine = load_engine(bundle)
    analyser = engine.retriever.knowledge.analyser
    counts = counted(() if log is None else read_log(log, LOGGED))
    known = entries_of(engine.store, engine.shop.variants.attribute)
    entries = [*queries_of(counts, analyser, min_users=min_users), *known]
    found = Suggester(SuggestionIndex.of(entries, analyser), analyser).suggest(text, k)
    if as_json:
        print_json({"query": text, "suggestions": [suggestion.as_dict() for suggestion in found]})
        return
    if not found:
        results.print("nothing begins so")
        return
    table = Table("suggestion", "kind", "items or searches", "filter", box=None)
    for one in found:
        table.add_row(plain(one.text), one.kind, "" if one.count is None else f"{one.count:,}", plain(one.filter or ""))
    results.print(table)


@synonyms_app.callback()
def synonyms() -> None:
    """Words that find each other."""


@synonyms_app.command("suggest")
def suggest_synonyms(
    bundle: BundleFolder,
    log: Annotated[Path | None, typer.Option(help="impression log in which shoppers typed other words next")] = None,
    out: Annotated[Path | None, typer.Option(help="file to write; lines are to be kept or deleted by a person")] = None,
    min_sessions: Annotated[int, typer.Option(min=1, help="sessions that must say so")] = 3,
    min_cosine: Annotated[float, typer.Option(min=0, max=1, help="how near the encoder must take two words")] = 0.6,
    as_json: AsJson = False,
) -> None:
    """Find candidates for synonyms in a log and in the encoder, for a person to accept."""

    found = _candidates(load_engine(bundle), log, min_sessions=min_sessions, min_cosine=min_cosine)
    lines = [candidate.line for candidate in found]
    if out is not None:
        out.write_text("\n".join([f"# Candidates for synonyms in {bundle.name}: delete what is wrong.", *lines, ""]))
    if as_json:
        print_json({"candidates": [{**one._asdict(), "words": list(one.words)} for one in found]})
    elif out is None:
        for line in lines:
            results.print(plain(line), highlight=False, soft_wrap=True)
    if not as_json:
        notes.print(
            f"{len(lines)} candidates. Keep those that hold in a file, and name it in shop.toml: "
            "\\[synonyms] files = ...",
            soft_wrap=True,
        )


def _candidates(engine: Engine, log: Path | None, *, min_sessions: int, min_cosine: float) -> list[Candidate]:
    from trimtab.engine.log.impressions import read_log
    from trimtab.retrieval.understanding.synonym_candidates import LOGGED, near_in_meaning, reworded

    known = engine.retriever.knowledge
    typed = [] if log is None else reworded(read_log(log, LOGGED), known.analyser, min_sessions=min_sessions)
    unknown = list(dict.fromkeys(one.words[0] for one in typed if not known.catalogue.knows(one.words[0])))
    names = list(dict.fromkeys(name.lower() for name in (*engine.store.types, *engine.store.categories)))
    searched = unknown or names
    near = near_in_meaning(searched, names, engine.retriever.encoder, known.analyser, min_cosine=min_cosine)
    once = {frozenset(candidate.words): candidate for candidate in (*near, *typed)}
    return sorted(once.values(), key=lambda one: (-one.sessions, -(one.cosine or 0.0), one.words))
