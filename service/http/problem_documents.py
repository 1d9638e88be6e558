"""The one translation of errors to HTTP: problem documents (RFC 9457), `application/problem+json`.

Every problem has `type`, `title`, `status` and `detail`. Where parameters are wrong, `errors` lists each with its
`parameter`, what the `problem` is and what is `allowed`. Nothing of the machine (paths, stack traces) gets into one.
"""

from __future__ import annotations

import errno
import math
import re
import reprlib
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException

from trimtab.core.errors import BadParameter, BadWeight, BundleError, TrimtabError, Unauthorised
from trimtab.core.weights import PREFIX, loss_parameter
from trimtab.service.allowed_values import allowed_by
from trimtab.service.http.bodies import reference

MEDIA_TYPE = "application/problem+json"
MAX_ECHO = 80
"""Characters of a caller's own value or name that a problem repeats."""
MAX_ERRORS = 20
"""Wrong parameters that a problem names."""
MAX_DETAIL = 2000
"""Characters of a sentence that may repeat what a caller sent."""
SHORTAGES = (errno.ENOMEM, errno.EAGAIN, errno.EMFILE, errno.ENFILE)
_NO_MORE = re.compile("can't (start new thread|allocate memory)")
"""What Python says where it gets no thread, and torch where it gets no memory."""

_log = structlog.get_logger()

Answer = Callable[[Request, Exception], Response]


class FieldProblem(BaseModel):
    """One parameter that is wrong."""

    parameter: str
    problem: str
    allowed: str


class Problem(BaseModel):
    """An RFC 9457 problem document; for the documentation and for authors of clients."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "urn:trimtab:problem:bad-parameter",
                "title": "Unprocessable Entity",
                "status": 422,
                "detail": "k: cannot use '10000'; allowed: less than or equal to 200",
                "errors": [{"parameter": "k", "problem": "cannot use '10000'", "allowed": "less than or equal to 200"}],
            }
        }
    )

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] = []


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses=` of a route that may answer with these statuses. With 413, which a route with a body has, comes
    415."""
    content = {MEDIA_TYPE: {"schema": reference(Problem)}}
    of_bodies = (415,) if 413 in statuses else ()
    return {
        status: {"description": HTTPStatus(status).phrase, "content": content}
        for status in sorted({*statuses, *of_bodies})
    }


def install(app: FastAPI, missing: Callable[[str], Response]) -> None:
    """Make `app` answer every error with a problem document.

    Args:
        missing: the page that a browser is shown in its place where somebody went to an address that is not there.
    """

    def answered(answer: Answer) -> Callable[[Request, Exception], Response]:
        def handler(request: Request, error: Exception) -> Response:
            problem = answer(request, error)
            is_missing = problem.status_code == HTTPStatus.NOT_FOUND and _is_visited(request)
            return missing(orjson.loads(bytes(problem.body))["detail"]) if is_missing else problem

        return handler

    for kind, answer in _ANSWERS.items():
        app.add_exception_handler(kind, answered(answer))
    app.add_exception_handler(Exception, _unexpected)


def _is_visited(request: Request) -> bool:
    """Whether a browser goes to an address, as a person has it, rather than a program asks."""
    return request.method == "GET" and request.headers.get("Accept", "").startswith("text/html")


def problem_of(error: Exception, request: Request) -> Response | None:
    """The answer to an error, None where it is one that nobody expected."""
    return next((answer(request, error) for kind, answer in _ANSWERS.items() if isinstance(error, kind)), None)


def problem_response(
    status: int,
    detail: str,
    *,
    kind: str | None = None,
    errors: Sequence[FieldProblem] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A response that carries one problem; `kind` ends the `type` URN, without it the status says all there is."""
    body: dict[str, Any] = {
        "type": f"urn:trimtab:problem:{kind}" if kind else "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if errors:
        body["errors"] = [error.model_dump() for error in errors]
    return Response(orjson.dumps(body), status, headers=headers, media_type=MEDIA_TYPE)


def as_requested(error: TrimtabError) -> TrimtabError:
    """The error with parameters as requests spell them."""
    return error.spelt(PREFIX) if isinstance(error, BadWeight) else error


def _trimtab_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, TrimtabError)
    error = as_requested(error)
    headers = {}
    retry_after = getattr(error, "retry_after_seconds", None)
    if retry_after is not None:
        headers["Retry-After"] = str(math.ceil(retry_after))
    if isinstance(error, Unauthorised):
        headers["WWW-Authenticate"] = "Bearer"
    errors = []
    if isinstance(error, BadParameter):
        errors = [_field_problem(error.name, error.problem, error.allowed)]
    detail = _shortened(str(error), MAX_DETAIL)
    if error.status == HTTPStatus.INTERNAL_SERVER_ERROR or isinstance(error, BundleError):
        _log.error("request failed", method=request.method, path=request.scope["path"], problem=detail)
        detail = "The service could not answer; its log says why."
    return problem_response(error.status, detail, kind=_kind(error), errors=errors, headers=headers)


def _kind(error: Exception) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", type(error).__name__).lower()


def _validation_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    errors = [field_problem(one) for one in found[:MAX_ERRORS]]
    detail = "; ".join(f"{one.parameter}: {one.problem}; allowed: {one.allowed}" for one in errors[:3])
    if len(found) > 3:
        detail += f"; and {len(found) - 3} more"
    return problem_response(422, detail, kind="bad-parameter", errors=errors)


def field_problem(error: Mapping[str, Any]) -> FieldProblem:
    """One error of pydantic in our words. Its messages say what the input should be: that is what is allowed."""
    location = [str(part) for part in error["loc"]]
    if len(location) > 1 and location[0] in ("query", "body", "path", "header"):
        del location[0]
    if len(location) == 2 and location[0] == "weights":
        location = [PREFIX + location[1]]
    if len(location) == 2 and location[0] == "max_losses":
        location = [loss_parameter(location[1])]
    parameter = ".".join(location) or "body"
    message = str(error["msg"])
    if error["type"] == "missing":
        return _field_problem(parameter, "is missing", "a value")
    if error["type"] == "extra_forbidden":
        return _field_problem(parameter, "no such parameter", "those that /docs lists")
    problem = (error.get("ctx") or {}).get("problem") or f"cannot use {echo(error.get('input'))}"
    return _field_problem(parameter, problem, allowed_by(message))


def _field_problem(parameter: str, problem: str, allowed: str) -> FieldProblem:
    return FieldProblem(parameter=_shortened(parameter), problem=_shortened(problem, MAX_DETAIL), allowed=allowed)


def echo(value: object) -> str:
    """What the caller sent, as far as a person needs it to know it again."""
    if isinstance(value, str):
        return _shortened(repr(value[: MAX_ECHO + 1]))
    return _shortened(_REPR.repr(value))


def _shortened(text: str, length: int = MAX_ECHO) -> str:
    return text if len(text) <= length else text[:length] + "..."


_REPR = reprlib.Repr()
"""Shows a few levels and entries, so that neither a deep value nor a large one costs more than what is shown."""
_REPR.maxstring = _REPR.maxother = _REPR.maxlong = MAX_ECHO


def _http_error(_: Request, error: Exception) -> Response:
    """What the framework raises: no such path, another method."""
    assert isinstance(error, HTTPException)
    return problem_response(error.status_code, _DETAIL.get(error.status_code, error.detail), headers=error.headers)


_DETAIL = {
    404: "There is nothing at this path; /docs lists what there is.",
    405: "This path does not take this method; the Allow header lists those it takes.",
}


def _no_memory(_: Request, error: Exception) -> Response:
    """The system, or a limit of this process, gives no more."""
    _log.error("there is no memory to answer with", problem=str(error))
    return problem_response(503, "There is no memory to answer with now.", headers={"Retry-After": "5"})


def _is_shortage(error: Exception) -> bool:
    """Whether the system has no more threads, processes, files or memory to give."""
    if isinstance(error, OSError):
        return error.errno in SHORTAGES
    return isinstance(error, RuntimeError) and bool(_NO_MORE.search(str(error)))


def _unexpected(request: Request, error: Exception) -> Response:
    """What nobody expected; the server logs it with its stack."""
    if _is_shortage(error):
        return _no_memory(request, error)
    return problem_response(500, "The service failed to answer; its log says why.")


_ANSWERS: dict[type[Exception], Answer] = {
    TrimtabError: _trimtab_error,
    RequestValidationError: _validation_error,
    HTTPException: _http_error,
    MemoryError: _no_memory,
}
