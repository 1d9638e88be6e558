"""How many files of ours one `GET /search` goes through: `python -m benchmarks.serving.request_path [--repo PATH ...]`.

The service is put together with everything on (Redis, an API key, a profile, a rule, an experiment, a user, a session,
live events, filters, facets, a loss to keep), warmed, and called as an ASGI app in this thread; a profiler hook sees
every call of a function of ours in that one request. What other threads do (log writers, pollers) is not on its path.

A *step* is a function of ours that calls into another file of ours, counted once however often it does so (a loop over
the hits is one step; calls by way of the framework, numpy or torch count for the function of ours that made them).
Counted are the steps into `service` and `engine`, where a search is put together:

    files        distinct files entered until the answer is made;
    returns      steps into a file that an earlier step had entered: a reader has to go back to it;
    upward       steps from a room into one above it: core < text < catalog < retrieval, ranker < engine, webpages <
                 service, abtest < cli. A hook that the engine calls is such a step;
    subscribers  further files that only the subscribers to the completed search enter. Each can be read alone; a
                 checkout without subscribers does the same work among `files`. Their returns and upward steps count.

The rooms below the engine are libraries to it: `below` is how many of their files are entered.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NamedTuple

LAYERS = {"core": 0, "text": 1, "catalog": 2, "retrieval": 3, "ranker": 3, "engine": 4, "webpages": 4}
LAYERS |= {"service": 5, "abtest": 5, "cli": 6}
COUNTED = ("service", "engine")
PUBLISHING = "SearchService._publish"
"""The function under which subscribers are called."""
HERE = Path(__file__).resolve().parents[2]

AUTHORISATION = (b"authorization", b"Bearer sesame")
USER = "2375"
SEARCH = f"user_id={USER}&session_id=visit&filter=price:0..50&facets=brand,category&explain=true&max_relevance_loss=0.1"
PLAIN = "w_relevance=0.6&w_revenue=0.3&w_diversity=0.1&group=false"
DEFINITIONS: dict[str, dict[str, Any]] = {
    "/profiles/default": {"weights": {"relevance": 0.6, "revenue": 0.3, "diversity": 0.1}},
    "/experiments/layout": {"arms": {"control": {"share": 0.5}, "treatment": {"share": 0.5, "profile": "default"}}},
}
WORDS = ("milk", "milk", "yogurt", "ice cream")
"""The last is searched for the first time, with the service warm."""


class Step(NamedTuple):
    """One function's calls into another file."""

    caller_file: str
    caller: str
    file: str
    is_published: bool


class StepCounter:
    """A profiler hook that keeps the steps between the files of one repository."""

    def __init__(self, repo: Path) -> None:
        self._repo = repo.resolve()
        self._files: dict[CodeType, str | None] = {}
        self._begun: dict[int, FrameType] = {}
        self.steps: dict[Step, None] = {}

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        if event != "call" or id(frame) in self._begun:  # a coroutine that goes on is not another call
            return
        self._begun[id(frame)] = frame
        file = self._file_of(frame.f_code)
        if file is None:
            return
        caller, caller_file = frame.f_back, None
        while caller is not None and (caller_file := self._file_of(caller.f_code)) is None:
            caller = caller.f_back
        if caller_file != file:
            name = "" if caller is None else caller.f_code.co_qualname
            self.steps[Step(caller_file or "", name, file, _is_published(caller))] = None

    def _file_of(self, code: CodeType) -> str | None:
        """The path in the repository, of a room; None for all others."""
        if code not in self._files:
            path = Path(os.path.realpath(code.co_filename))
            inside = path.relative_to(self._repo) if path.is_relative_to(self._repo) else Path()
            self._files[code] = str(inside) if inside.parts and inside.parts[0] in LAYERS else None
        return self._files[code]


def _is_published(frame: FrameType | None) -> bool:
    while frame is not None and frame.f_code.co_qualname != PUBLISHING:
        frame = frame.f_back
    return frame is not None


def room_of(file: str) -> str:
    return Path(file).parts[0] if file else "cli"


def counts(steps: Sequence[Step]) -> dict[str, int]:
    """The numbers of a request's steps, by the names in this module's description."""
    counted = [step for step in steps if room_of(step.file) in COUNTED]
    files = {step.file for step in counted}
    on_path = {step.file for step in counted if not step.is_published}
    upward = [step for step in steps if LAYERS[room_of(step.caller_file)] < LAYERS[room_of(step.file)]]
    return {
        "files": len(on_path),
        "returns": len(counted) - len(files),
        "upward": len(upward),
        "subscribers": len(files - on_path),
        "below": len({step.file for step in steps} - files),
    }


def steps_of_a_search(repo: Path, bundle: Path, *, is_plain: bool) -> list[Step]:
    """The steps of one request to the service of the repository that is first on `sys.path`."""
    prefix = "trimtab." if (repo / "src").is_dir() else ""
    nested = "redis.server" if prefix else "redis_server"
    create_app = importlib.import_module(f"{prefix}service.app").create_app
    settings_of = importlib.import_module(f"{prefix}service.settings").Settings
    redis_for = importlib.import_module(f"{prefix}service.{nested}").redis_for
    counter = StepCounter(repo)
    with tempfile.TemporaryDirectory() as folder, redis_for(None, Path(folder)) as url:
        settings = {"bundle": bundle, "data_folder": folder, "redis_url": url, "timeout_ms": 10_000}
        settings |= {"admin_key": "sesame", "require_keys": True, "redis_timeout_seconds": 2.0}
        asyncio.run((_plain_search if is_plain else _search)(create_app(settings_of(**settings)), counter))
    return list(counter.steps)


async def _plain_search(app: Any, counter: StepCounter) -> None:
    """Words, weights and a key."""
    async with app.router.lifespan_context(app):
        for words in WORDS[:-1]:
            await _request(app, "GET", "/search", f"q={words}&{PLAIN}")
        with _profiled(counter):
            await _request(app, "GET", "/search", f"q={WORDS[-1].replace(' ', '+')}&{PLAIN}")


async def _search(app: Any, counter: StepCounter) -> None:
    """With everything on."""
    async with app.router.lifespan_context(app):
        await asyncio.sleep(1.0)  # until Redis is polled
        for path, body in DEFINITIONS.items():
            await _request(app, "PUT", path, body=body)
        found = json.loads(await _request(app, "GET", "/search", f"q=milk&{SEARCH}"))
        item_id = found["hits"][3]["item_id"]
        await _request(app, "PUT", "/rules/pin", body={"action": "pin", "item_ids": [item_id]})
        event = {"event_id": "1", "action_name": "click", "query_id": found["decision_id"], "item_id": item_id}
        await _request(app, "POST", "/events", body={**event, "user_id": USER})
        await asyncio.sleep(1.0)
        for words in WORDS[:-1]:
            await _request(app, "GET", "/search", f"q={words}&{SEARCH}")
        with _profiled(counter):
            await _request(app, "GET", "/search", f"q={WORDS[-1].replace(' ', '+')}&{SEARCH}")


@contextmanager
def _profiled(hook: Callable[..., None]) -> Iterator[None]:
    sys.setprofile(hook)
    try:
        yield
    finally:
        sys.setprofile(None)


async def _request(app: Any, method: str, path: str, query: str = "", body: object = None) -> bytes:
    """The body of the answer of the app called in this thread."""
    sent = b"" if body is None else json.dumps(body).encode()
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [AUTHORISATION, (b"content-type", b"application/json"), (b"content-length", b"%d" % len(sent))],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    answered: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": sent, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        answered.append(message)

    await app(scope, receive, send)
    answer = b"".join(message.get("body", b"") for message in answered)
    if answered[0]["status"] >= 300:
        raise RuntimeError(f"{method} {path}: {answered[0]['status']} {answer.decode()}")
    return answer


def measured(repo: Path, bundle: Path, *, is_plain: bool) -> list[Step]:
    """The steps in a process of its own, with that repository's modules."""
    path = os.pathsep.join(map(str, (repo / "src", repo)))
    command = [
        sys.executable,
        "-P",
        __file__,
        "--bundle",
        str(bundle),
        "--repo",
        str(repo),
        "--json",
        *(["--plain"] if is_plain else []),
    ]
    done = subprocess.run(  # noqa: S603  (this file)
        command, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": path}
    )
    last_line = done.stdout.splitlines()[-1]  # the service may write its log before
    return [Step(*step) for step in json.loads(last_line)]


def main() -> None:
    """Print a row for each repository."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repo", type=Path, action="append", help="a checkout; repeated for more; left out, this one")
    parser.add_argument("--bundle", type=Path, default=HERE / "bundles" / "grocery")
    parser.add_argument("--plain", action="store_true", help="words, weights and a key alone")
    parser.add_argument("--steps", action="store_true", help="list the steps too")
    parser.add_argument("--json", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    repos: list[Path] = given.repo or [HERE]
    if given.json:
        json.dump(steps_of_a_search(repos[0].resolve(), given.bundle.resolve(), is_plain=given.plain), sys.stdout)
        return
    steps_by_repo = {repo: measured(repo.resolve(), given.bundle.resolve(), is_plain=given.plain) for repo in repos}
    for number, (repo, steps) in enumerate(steps_by_repo.items()):
        found = counts(steps)
        if number == 0:
            print(" " * 32, *(f"{name:>12}" for name in found))
        print(f"{repo!s:32}", *(f"{count:12}" for count in found.values()))
    if given.steps:
        for repo, steps in steps_by_repo.items():
            print(f"\n{repo}")
            for step in steps:
                print(f"  {step.caller_file or '(the server)'} {step.caller} -> {step.file}")


if __name__ == "__main__":
    main()
