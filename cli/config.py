"""`trimtab config`: what a service defines as files in a folder, to keep in git and to bring to another service."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from trimtab.cli.console import AsJson, plain, print_json, results
from trimtab.cli.remote import HERE, Address, Refused, Service
from trimtab.core.errors import BadFile, did_you_mean

app = typer.Typer(no_args_is_help=True, help="Profiles, rules, synonyms and shop.toml as files in a folder.")

KINDS = ("profiles", "synonyms", "rules")
"""In the order in which they are applied."""
NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
SHOP = "shop.toml"
KEPT = ".gitkeep"
"""What git needs in a folder to keep it: a kind without a definition is one that has none, not one left out."""
Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="where the files are, one a definition")]
Prune = Annotated[bool, typer.Option("--prune", help="delete what a kind's folder does not have")]

Definitions = Mapping[tuple[str, str], dict[str, Any]]
"""(kind, name) -> definition without what says nothing."""


@dataclass(frozen=True)
class Step:
    """One difference between a service and a folder."""

    kind: str
    name: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None

    @property
    def does(self) -> Literal["add", "change", "delete"]:
        if self.before is None:
            return "add"
        return "delete" if self.after is None else "change"

    def lines(self) -> Iterator[str]:
        """What becomes of it, line by line as `diff -u` has it."""
        yield f"{self.does} {self.kind}/{self.name}"
        before, after = ([] if one is None else _text(one).splitlines() for one in (self.before, self.after))
        yield from list(unified_diff(before, after, lineterm="", n=1))[2:]


@app.command()
def pull(folder: Folder, service: Address = HERE, as_json: AsJson = False) -> None:
    """Write what a service defines into a folder, and remove files of what it no longer does."""
    remote = Service(service)
    there, here = _of_service(remote), definitions_in(folder)
    for kind in KINDS:
        (folder / kind).mkdir(parents=True, exist_ok=True)
        (folder / kind / KEPT).touch()
    for (kind, name), definition in there.items():
        (folder / kind / f"{name}.json").write_text(_text(definition), encoding="utf-8")
    for kind, name in here.keys() - there.keys():
        (folder / kind / f"{name}.json").unlink()
    (folder / SHOP).write_text(_shop(remote), encoding="utf-8")
    counts = {kind: sum(one == kind for one, _ in there) for kind in KINDS}
    if as_json:
        print_json({**counts, "removed": len(here.keys() - there.keys())})
        return
    said = ", ".join(f"{n:,} {kind[:-1] if n == 1 else kind}" for kind, n in counts.items())
    results.print(f"{said} and {SHOP} in {folder}", soft_wrap=True)
    results.print(f"Next: git add {folder}; then  trimtab config diff {folder} --service ANOTHER", soft_wrap=True)


@app.command()
def diff(folder: Folder, service: Address = HERE, prune: Prune = False, as_json: AsJson = False) -> None:
    """Show what applying a folder to a service would change there."""
    kinds = kinds_in(folder)
    here, remote = definitions_in(folder), Service(service)
    steps = steps_between(_of_service(remote), here, prune=kinds if prune else ())
    shop = (folder / SHOP).exists() and (folder / SHOP).read_text(encoding="utf-8") != _shop(remote)
    if as_json:
        print_json({"steps": [_as_dict(step) for step in steps], "shop_differs": shop})
        return
    _print(steps)
    if shop:
        _print_shop(folder)
    if not steps:
        results.print("Nothing differs." if not shop else "Nothing else differs.")


@app.command()
def apply(
    folder: Folder,
    service: Address = HERE,
    prune: Prune = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="show what would change, and change nothing")] = False,
    as_json: AsJson = False,
) -> None:
    """Define what a folder has in a service; it stops at the first refusal, and earlier changes stay."""
    kinds = kinds_in(folder)
    here, remote = definitions_in(folder), Service(service)
    steps = steps_between(_of_service(remote), here, prune=kinds if prune else ())
    done: list[Step] = []
    try:
        for step in [] if dry_run else steps:
            path = f"/{step.kind}/{step.name}"
            if step.after is None:
                remote.delete(path)
            else:
                remote.put(path, step.after)
            done.append(step)
    finally:
        if as_json:
            print_json({"applied": [_as_dict(step) for step in done], "of": len(steps)})
        else:
            _print(steps if dry_run else done)
            results.print(f"{len(done)} of {len(steps)} changes were applied." if steps else "Nothing differs.")


def steps_between(there: Definitions, here: Definitions, *, prune: Collection[str]) -> list[Step]:
    """What makes a service like a folder: profiles first, because others may name them, and deletions last.

    Args:
        prune: the kinds of which is deleted what the folder does not have.
    """
    changed = [
        Step(*key, there.get(key), after) for key, after in sorted(here.items(), key=_order) if there.get(key) != after
    ]
    gone = [Step(*key, there[key], None) for key in sorted(there.keys() - here.keys()) if key[0] in prune]
    return [*changed, *gone]


def _order(item: tuple[tuple[str, str], object]) -> tuple[int, str]:
    (kind, name), _ = item
    return KINDS.index(kind), name


def _of_service(remote: Service) -> dict[tuple[str, str], dict[str, Any]]:
    """
    Raises:
        Refused: it names one so that its file would be elsewhere.
    """
    found = {(kind, name): _given(definition) for kind in KINDS for name, definition in remote.get(f"/{kind}").items()}
    for kind, name in found:
        if not NAME.fullmatch(name):
            raise Refused(f"the service has {kind} named {name!r}, which cannot be the name of a file here")
    return found


def kinds_in(folder: Path) -> list[str]:
    """The kinds of definitions that a folder says something of.

    Raises:
        BadFile: the folder is not there, or says nothing of any: it is the folder of something else.
    """
    if not folder.is_dir():
        if folder.exists():
            raise BadFile(folder, f"is not a folder; allowed: one with {_folders(KINDS)}")
        beside = [one.name for one in folder.parent.iterdir() if one.is_dir()] if folder.parent.is_dir() else []
        raise BadFile(folder, f"does not exist{did_you_mean(folder.name, beside)}")
    found = [kind for kind in KINDS if (folder / kind).is_dir()]
    if not found:
        raise BadFile(
            folder, f"has none of {_folders(KINDS)}; allowed: a folder that  trimtab config pull FOLDER  wrote"
        )
    return found


def definitions_in(folder: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """What a folder defines, as `Definitions`; nothing where it is yet to be made.

    Raises:
        BadFile: a file beside definitions that is not one.
    """
    found = {}
    for kind in KINDS:
        files = sorted((folder / kind).iterdir()) if (folder / kind).is_dir() else []
        for path in (one for one in files if not one.name.startswith(".")):
            if path.suffix != ".json" or not NAME.fullmatch(path.stem):
                raise BadFile(
                    path,
                    "is not named as a definition; allowed: NAME.json, the name of letters, digits, `_`, `.`, `-`, "
                    "up to 64",
                )
            try:
                definition = json.loads(path.read_text(encoding="utf-8"))
            except (UnicodeDecodeError, json.JSONDecodeError) as error:
                raise BadFile(path, f"is not JSON: {error}") from None
            if not isinstance(definition, dict):
                raise BadFile(path, "is JSON but not an object")
            found[kind, path.stem] = _given(definition)
    return found


def _folders(kinds: Iterable[str]) -> str:
    return ", ".join(f"{kind}/" for kind in kinds)


def _shop(remote: Service) -> str:
    """`shop.toml` of the bundle that serves."""
    return remote.text(f"/bundles/{remote.get('/bundles')['plan']['active']}/{SHOP}")


def _given(definition: Mapping[str, Any]) -> dict[str, Any]:
    """A definition without what says nothing, so that files are short and an explicit null makes no difference."""
    return {name: value for name, value in definition.items() if value is not None and value not in ([], {})}


def _text(definition: Mapping[str, Any]) -> str:
    return json.dumps(definition, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _as_dict(step: Step) -> dict[str, Any]:
    return {"does": step.does, "kind": step.kind, "name": step.name, "before": step.before, "after": step.after}


def _print(steps: list[Step]) -> None:
    for step in steps:
        for line in step.lines():
            style = {"+": "green", "-": "red"}.get(line[:1], "")
            results.print(plain(line), style=style, highlight=False, soft_wrap=True)


def _print_shop(folder: Path) -> None:
    results.print(
        f"{SHOP} differs. It is part of a bundle: build one (trimtab build FEED --shop {folder / SHOP}), load and "
        "activate it.",
        highlight=False,
        soft_wrap=True,
    )
