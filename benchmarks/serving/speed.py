"""Processor time of an engine search, beside an earlier commit's.

Run by `python -m benchmarks.serving.speed --bundle B --earlier E`.

Each commit is checked out into a folder of its own and searches a bundle that it has built itself (`trimtab build
grocery`), in processes that take turns, so that a machine whose speed drifts drifts for both. Queries are two words out
of titles, none asked twice; weights relevance .6, revenue .3, diversity .1; one thread. Times are of the processor:
medians by stage, in milliseconds, and of the whole search, with ratios. Beside them stands what a worker's start
costs.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parents[2]
EARLIER = "3f9fbf7"
N_TURNS = 3
PROBE = r"""
import json, random, sys, time
from pathlib import Path

repo, bundle = sys.argv[1:]
is_new = (Path(repo) / "src").is_dir()
sys.path.insert(0, repo + "/src" if is_new else repo)
start = time.process_time()
if is_new:
    from trimtab.core.work import stopwatch
    from trimtab.core.records import Query
    from trimtab.engine import Engine
else:
    from core.records import Query
    from engine import Engine
    from engine import pipeline as stopwatch
engine = Engine.load(Path(bundle))
seconds_of_start = time.process_time() - start
stopwatch.time = type("Processor", (), {"perf_counter": staticmethod(time.process_time)})  # stages by the processor
search = engine.slate if is_new else engine.search
titles = engine.store.titles(list(range(0, len(engine.store), 37)))
rng = random.Random(3)
texts = list(dict.fromkeys(" ".join(rng.sample(t.split(), min(2, len(t.split())))) for t in titles))[:1300]
of_items = {"group": False} if is_new else {}
weights = {"relevance": 0.6, "revenue": 0.3, "diversity": 0.1}
stages, whole = [], []
for number, text in enumerate(texts):
    began = time.process_time()
    slate = search(Query(text, weights=weights, **of_items))
    if number >= 100:
        whole.append(time.process_time() - began)
        stages.append(dict(slate.seconds))
memory = {}
for line in open("/proc/self/smaps_rollup"):
    name, *rest = line.split()
    if name in ("Rss:", "Private_Dirty:", "Private_Clean:"):
        memory[name[:-1]] = int(rest[0]) / 1024
print(json.dumps({"stages": stages, "whole": whole, "start": seconds_of_start, "memory": memory}))
"""


def main() -> None:
    """Print medians and ratios as a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--bundle", type=Path, required=True, help="built by this commit")
    parser.add_argument("--earlier", type=Path, required=True, help=f"built by {EARLIER}")
    parser.add_argument("--commit", default=EARLIER, help="the earlier commit")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        checkout = Path(folder) / "earlier"
        _git("worktree", "add", "--detach", str(checkout), arguments.commit)
        try:
            runs: dict[str, list[dict[str, float]]] = {"earlier": [], "now": []}
            for _ in range(N_TURNS):
                runs["earlier"].append(_probe(checkout, arguments.earlier))
                runs["now"].append(_probe(HERE, arguments.bundle))
        finally:
            _git("worktree", "remove", "--force", str(checkout))
    figures = {who: {name: median(run[name] for run in of) for name in of[0]} for who, of in runs.items()}
    sys.stdout.write(f"{'':24}{arguments.commit:>12}{'now':>12}{'ratio':>8}\n")
    for name, now in figures["now"].items():
        before = figures["earlier"].get(name)
        shown = f"{'':>12}" if before is None else f"{before:12.3f}"
        ratio = "" if not before else f"{now / before:8.2f}"
        sys.stdout.write(f"{name:24}{shown}{now:12.3f}{ratio}\n")


def _git(*arguments: str) -> None:
    subprocess.run(["git", "-C", str(HERE), *arguments], check=True, capture_output=True)  # noqa: S603, S607  # git, by PATH


def _probe(repo: Path, bundle: Path) -> dict[str, float]:
    """Medians in milliseconds by stage, of the sum of the stages behind retrieval, and of all."""
    command = [sys.executable, "-c", PROBE, str(repo), str(bundle.resolve())]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, cwd="/").stdout)  # noqa: S603  # this repository's script
    stages = found["stages"]
    names = dict.fromkeys(name for one in stages for name in one if name != "total")
    medians = {f"{name}, ms": 1e3 * median(one.get(name, 0.0) for one in stages) for name in names}
    ranking = (sum(one.get(name, 0.0) for name in ("featurise", "rank", "choose")) for one in stages)
    return {
        **medians,
        "behind retrieval, ms": 1e3 * median(ranking),
        "search, ms": 1e3 * median(found["whole"]),
        "start of a worker, s": found["start"],
        **{f"{name}, MiB": value for name, value in found["memory"].items()},
    }


if __name__ == "__main__":
    main()
