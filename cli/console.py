"""How commands print: results on stdout, everything else on stderr, progress only on a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from trimtab.core.errors import BadParameter, BadWeight, TrimtabError
from trimtab.core.weights import PREFIX
from trimtab.core.work.tasks import Tasks

if TYPE_CHECKING:
    from trimtab.engine import Engine

AsJson = Annotated[bool, typer.Option("--json", help="print one JSON object and nothing else")]
BundleFolder = Annotated[Path, typer.Argument(help="bundle folder", metavar="BUNDLE")]
Encoder = Annotated[
    str,
    typer.Option(
        help="wordllama, minilm, distilled (items by minilm, queries as quick as wordllama), multilingual (queries "
        "in other languages than the items'), universal (the same, slower queries), or auto: distilled up to "
        "100,000 items, wordllama above and for grocery"
    ),
]
OnRay = Annotated[
    str | None,
    typer.Option(
        "--ray",
        metavar="ADDRESS",
        help="compute on a Ray cluster: auto, HOST:PORT, or how many workers to start on this machine",
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", help="no progress bars")]

results = Console()
notes = Console(stderr=True)


@contextmanager
def tasks_on(address: str | None) -> Iterator[Tasks | None]:
    """Where offline work is computed: on a Ray cluster, see `OnRay`, or None for here.

    Raises:
        BadInput, BadParameter, Unavailable: see `trimtab.engine.cluster.ray_tasks`.
    """
    if address is None:
        yield None
        return
    from trimtab.engine.cluster.ray_tasks import ray_tasks

    with ray_tasks(address) as tasks:
        yield tasks


@contextmanager
def progress(quiet: bool) -> Iterator[Callable[[str, int, int], None]]:
    """Progress bars with the time left on stderr, one a stage; silent without a terminal."""
    columns = (
        TextColumn("{task.description:>20}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=notes, disable=quiet or not notes.is_terminal) as bars:
        tasks: dict[str, Any] = {}

        def report(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield report


def load_engine(bundle: Path) -> Engine:
    """The engine of a bundle; a terminal says that it is being loaded, which takes seconds.

    Raises:
        BundleDamaged, BundleMismatch: it cannot be used.
    """
    from trimtab.engine.bundle.manifest import require_bundle

    require_bundle(bundle)
    with notes.status(f"loading {plain(str(bundle))}"):
        from trimtab.engine import Engine

        return Engine.load(bundle)


def plain(text: str) -> str:
    """Text that rich would otherwise read as markup."""
    return text.replace("[", "\\[")


def print_json(value: object) -> None:
    """One JSON object on stdout."""
    sys.stdout.write(json.dumps(value, allow_nan=False) + "\n")


_OPTIONS = {
    "keep": "--keep",
    "maximise": "--maximise",
    "method": "--method",
    "metric": "--metric",
    "n_policies": "--policies",
    "out": "--out",
    "policies": "--policy",
}
"""What parameters of the library are called on the command line."""


def as_typed(error: TrimtabError) -> str:
    """What is wrong, with parameters as the command line has them."""
    if isinstance(error, BadWeight):
        error = error.spelt(PREFIX)
    elif isinstance(error, BadParameter) and error.name in _OPTIONS:
        error = BadParameter(_OPTIONS[error.name], error.problem, error.allowed)
    return str(error)


def numbers_by_name(texts: Iterable[str], option: str, example: str) -> dict[str, float]:
    """The values of a repeated option of the form NAME=NUMBER.

    Raises:
        BadParameter: one of them is not of that form.
    """
    found = {}
    for text in texts:
        name, _, number = text.partition("=")
        try:
            found[name.strip()] = float(number)
        except ValueError:
            raise BadParameter(option, f"cannot read {text!r}", f"NAME=NUMBER, as in {example}") from None
    return found
