"""The exception tree: everything that trimtab raises on purpose.

    TrimtabError              exit 1   HTTP 500
    ├── BadInput              exit 2   HTTP 422   what the caller can mend
    │   ├── BadParameter                          names one parameter, what is wrong with it, and what is allowed
    │   │   └── BadWeight                         names an objective; whoever spells its parameter `w_revenue` says so
    │   ├── BadFile                               names a file, and the row where there is one
    │   └── BadLog                                a log that cannot be replayed as asked
    │       └── OnlySorted                        `trimtab.abtest.ope.log.partitions`: it has sorted slates alone
    ├── Unauthorised          exit 1   HTTP 401
    ├── Forbidden             exit 1   HTTP 403
    ├── NotFound              exit 2   HTTP 404
    ├── Conflict              exit 1   HTTP 409
    ├── TooLarge              exit 2   HTTP 413
    ├── UnsupportedMedia      exit 2   HTTP 415
    ├── TooMany               exit 1   HTTP 429   carries `retry_after_seconds`
    ├── Unavailable           exit 1   HTTP 503   carries `retry_after_seconds`
    │   ├── LogIsFull                             `trimtab.engine.live.log_limits`: no change is taken
    │   └── OutOfStep                             `trimtab.service.catalogue.shared_order`: changes are being aligned
    ├── Refused               exit 1              `trimtab.cli.remote`: what a service answered to the command line
    └── BundleError           exit 1   HTTP 503
        ├── BundleDamaged                         names a file of the bundle and what is wrong with it
        ├── DiskFull                              no room for the bundle that was being built
        └── BundleMismatch                        another schema or feature schema, or not fit to replace what serves

`trimtab.service.http.problem_documents` translates the tree to HTTP, `trimtab.cli.commands` to exit codes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from itertools import chain, islice

_WORDS = re.compile(r"[^\W_]+")
NEAR_WORD = 0.8
"""How much of a word must be alike where no whole name is."""
LONGEST_NAME = 200
"""Characters of a name whose nearest one is looked for; longer ones are not misspelt, and would take long."""
NONE = "none is defined"
MOST_LISTED = 30
"""Names that a message lists."""


class TrimtabError(Exception):
    """The root of the tree. The message is one sentence that its reader can act on."""

    status = 500
    exit_code = 1


class BadInput(TrimtabError):
    """Something that the caller can mend."""

    status = 422
    exit_code = 2


class BadParameter(BadInput):
    """One parameter that is wrong.

    Attributes:
        name: the parameter, as the caller spells it (`k`, `filter`).
        problem: what is wrong with it.
        allowed: what would have been right.
    """

    def __init__(self, name: str, problem: str, allowed: str) -> None:
        self.name = name
        self.problem = problem
        self.allowed = allowed
        super().__init__(f"{name}: {problem}; allowed: {allowed}")

    @classmethod
    def unknown(cls, parameter: str, kind: str, name: str, known: Iterable[str]) -> BadParameter:
        """A parameter that names what does not exist, a `kind` of thing of which there are those `known`."""
        known = tuple(known)
        return cls(parameter, no_such(kind, name, known), listed(known))


class BadWeight(BadParameter):
    """A weight that is wrong, or one of an objective that there is not.

    Attributes:
        objective: its plain name; None where all weights together are wrong, which are then called `parameter`.
        objectives: those that are allowed, for which `allowed` leaves room at its end.
    """

    def __init__(
        self,
        objective: str | None,
        problem: str,
        allowed: str = "",
        objectives: Iterable[str] = (),
        *,
        parameter: str = "weights",
    ) -> None:
        self.objective = objective
        self.objectives = tuple(objectives)
        self._together = parameter
        self._problem = problem
        self._allowed = allowed
        super().__init__(*self._said(""))

    def spelt(self, prefix: str) -> BadParameter:
        """The same of parameters that are called as their objectives with a prefix."""
        return BadParameter(*self._said(prefix))

    def _said(self, prefix: str) -> tuple[str, str, str]:
        allowed = self._allowed + ", ".join(prefix + one for one in self.objectives)
        if self.objective is None:
            return self._together, self._problem, allowed
        near = nearest(self.objective, self.objectives)
        hint = "" if near is None or near == self.objective else f" (did you mean {prefix + near!r}?)"
        return prefix + self.objective, self._problem + hint, allowed


class BadFile(BadInput):
    """A file that cannot be used; `row` is 1-based and counts the header, as an editor does."""

    def __init__(self, path: object, problem: str, *, row: int | None = None) -> None:
        self.path = str(path)
        self.problem = problem
        self.row = row
        where = f"{path}, row {row}" if row is not None else f"{path}"
        super().__init__(f"{where}: {problem}")


class BadLog(BadInput):
    """A log that cannot be replayed as asked."""


class NotFound(TrimtabError):
    """A thing that does not exist under the name that the caller gave."""

    status = 404
    exit_code = 2

    @classmethod
    def unknown(cls, kind: str, name: str, known: Iterable[str]) -> NotFound:
        """A `kind` of thing of which there are those `known`, and none of that name."""
        known = tuple(known)
        there = f"there are {listed(known)}" if known else NONE
        return cls(f"{no_such(kind, name, known)}; {there}")


class Unauthorised(TrimtabError):
    """A request without a valid key."""

    status = 401


class Forbidden(TrimtabError):
    """A request that its key does not allow."""

    status = 403


class Conflict(TrimtabError):
    """A request that contradicts the present state, which the message names."""

    status = 409


class TooLarge(TrimtabError):
    """A request body beyond its limit."""

    status = 413
    exit_code = 2


class UnsupportedMedia(TrimtabError):
    """A request body of a kind that is not read."""

    status = 415
    exit_code = 2


class TooMany(TrimtabError):
    """More requests than a client or the service may have under way."""

    status = 429

    def __init__(self, message: str, *, retry_after_seconds: float) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__(message)


class Unavailable(TrimtabError):
    """Something that cannot be done now and may be later."""

    status = 503

    def __init__(self, message: str, *, retry_after_seconds: float = 1.0) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__(message)


class BundleError(TrimtabError):
    """A bundle that cannot be used."""

    status = 503


class BundleDamaged(BundleError):
    """A file of a bundle that is missing, or not what was written."""

    def __init__(self, path: object, problem: str) -> None:
        self.path = str(path)
        self.problem = problem
        super().__init__(f"bundle file {path}: {problem}")


class DiskFull(BundleError):
    """A disk without room for the bundle that was being built; the bundle that was there still is."""

    def __init__(self, folder: object, n_bytes: int) -> None:
        super().__init__(
            f"{folder}: the disk is full after {n_bytes / 1e6:,.1f} MB of the new bundle; nothing was replaced. "
            "Make room there, or build into a folder on another disk (--out)"
        )


class BundleMismatch(BundleError):
    """A bundle of another schema or feature schema, or one that cannot replace the bundle that serves."""


def no_such(kind: str, name: str, known: Iterable[str]) -> str:
    """A sentence about a name that does not exist, with the nearest one that does."""
    return f"there is no {kind} {name!r}{did_you_mean(name, known)}"


def listed(names: Iterable[str]) -> str:
    """The first `MOST_LISTED` of what there is."""
    shown = list(islice(names, MOST_LISTED + 1))
    return ", ".join([*shown[:MOST_LISTED], *(["..."] if len(shown) > MOST_LISTED else [])]) or NONE


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown name: the known one that it is `nearest` to, or nothing."""
    found = nearest(name, known)
    return "" if found is None else f" (did you mean {found!r}?)"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that an unknown one is nearest to; None where none is near.

    That is one of which a few letters differ, or else one that has all its words (`cost`: `cost_per_item`), or one of
    which a word is near (`nvy`: `Navy blue`).
    """
    if len(name) > LONGEST_NAME:
        return None
    by_key = {one.casefold(): one for one in known}
    asked = name.casefold()
    wanted = set(_WORDS.findall(asked))
    words = {key: _WORDS.findall(key) for key in by_key}
    near = chain(
        get_close_matches(asked, by_key, n=1),
        (key for key, own in words.items() if wanted and wanted <= set(own)),
        (key for key, own in words.items() if get_close_matches(asked, own, n=1, cutoff=NEAR_WORD)),
    )
    found = next(near, None)
    return None if found is None else by_key[found]
