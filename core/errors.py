"""The exception tree. Everything trimtab raises on purpose is in it, and each branch has one translation.

    TrimtabError                  exit 1   HTTP 500
    ├── BadInput                  exit 2   HTTP 422   something the caller can mend
    │   ├── BadParameter          exit 2   HTTP 422   one request parameter: names it and what is allowed
    │   ├── BadFile               exit 2              a file given to a command: names file and row
    │   └── BadLog                exit 2              a log that cannot be replayed as asked
    ├── NotFound                  exit 2   HTTP 404
    ├── Unauthorised              exit 1   HTTP 401
    ├── Forbidden                 exit 1   HTTP 403
    ├── TooLarge                  exit 2   HTTP 413
    ├── TooMany                   exit 1   HTTP 429   carries `retry_after_seconds`
    ├── Unavailable               exit 1   HTTP 503   carries `retry_after_seconds`
    └── BundleError               exit 1   HTTP 503   a bundle that is damaged or does not fit
        ├── BundleDamaged                             names the file and what is wrong with it
        └── BundleMismatch                            another schema version or feature schema

`service/problems.py` translates to HTTP, `cli/commands.py` to exit codes; nobody else does.
"""

from __future__ import annotations


class TrimtabError(Exception):
    """Root of the tree. The message is one sentence a user can act on."""

    status = 500
    exit_code = 1


class BadInput(TrimtabError):
    status = 422
    exit_code = 2


class BadParameter(BadInput):
    """One parameter is wrong.

    Attributes:
        name: the parameter, as the caller spells it (`w_revenue`, `k`, `filter`).
        problem: what is wrong with it.
        allowed: what would have been right.
    """

    def __init__(self, name: str, problem: str, allowed: str) -> None:
        self.name = name
        self.problem = problem
        self.allowed = allowed
        super().__init__(f"{name}: {problem}; allowed: {allowed}")


class BadFile(BadInput):
    """A file that cannot be used; `row` is 1-based and counts the header, as an editor does."""

    def __init__(self, path: object, problem: str, *, row: int | None = None) -> None:
        self.path = str(path)
        self.problem = problem
        self.row = row
        where = f"{path}, row {row}" if row is not None else f"{path}"
        super().__init__(f"{where}: {problem}")


class BadLog(BadInput):
    pass


class NotFound(TrimtabError):
    status = 404
    exit_code = 2


class Unauthorised(TrimtabError):
    status = 401


class Forbidden(TrimtabError):
    status = 403


class Conflict(TrimtabError):
    """What is asked for does not go with how things are now."""

    status = 409


class TooLarge(TrimtabError):
    status = 413
    exit_code = 2


class TooMany(TrimtabError):
    status = 429

    def __init__(self, message: str, *, retry_after_seconds: float) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__(message)


class Unavailable(TrimtabError):
    status = 503

    def __init__(self, message: str, *, retry_after_seconds: float = 1.0) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__(message)


class BundleError(TrimtabError):
    status = 503


class BundleDamaged(BundleError):
    def __init__(self, path: object, problem: str) -> None:
        self.path = str(path)
        self.problem = problem
        super().__init__(f"bundle file {path}: {problem}")


class BundleMismatch(BundleError):
    pass
