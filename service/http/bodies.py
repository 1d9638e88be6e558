"""JSON bodies: read up to a limit, parsed, checked by a model; and how they are documented.

A body must say that it is JSON: what a web page of another site may send without asking first (a form, plain text)
never does. The framework's own way answers what is too large in plain text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import orjson
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect

from trimtab.core.errors import BadParameter, TooLarge, UnsupportedMedia
from trimtab.core.work.memory_room import has_room

JSON = "application/json"
MAX_FIELDS = 64
"""Fields that one object of a body may have: each that is unknown or wrong costs more than one that is right."""
MEMORY_RATIO = 200
"""Bytes of memory that one of a body may take: 900 items in .9 MB took 190 MB, with the process that reads texts."""
MAX_DEPTH = 32
"""Lists and objects within each other; what reads or writes a value further on may not bear more."""
SMALL_BYTES = 32_768
"""A body up to which no room is asked for."""
Model = TypeVar("Model", bound=BaseModel)


async def read_object(request: Request, *, max_bytes: int, max_colons: int | None = None) -> dict[str, Any]:
    """The JSON object in the body of a request.

    Args:
        max_colons: at most as many as there are names of fields, and some within texts. A body of nothing but names
            is refused before it is parsed, which would take as long as some searches.

    Raises:
        UnsupportedMedia: the body does not say that it is JSON, or it is compressed.
        TooLarge: the body is over the limit; no more than that is read.
        BadParameter: it is not a JSON object, or its sender went before it was whole.
        MemoryError: a container leaves too little for what it would take.
    """
    _require_json(request)
    body = await _read(request, max_bytes)
    if max_colons is not None and body.count(b":") > max_colons:
        raise BadParameter("body", "has too many fields", f"up to {max_colons} colons")
    try:
        values = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadParameter("body", f"is not JSON: {error.msg} at character {error.pos}", "a JSON object") from None
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH and _is_deeper(values, MAX_DEPTH):
        raise BadParameter("body", "is nested too deep", f"up to {MAX_DEPTH} levels")
    if not isinstance(values, dict):
        raise BadParameter("body", "is JSON but not an object", 'an object, for example {"q": "ice cream"}')
    return values


def _require_json(request: Request) -> None:
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if sent != JSON:
        raise UnsupportedMedia(f"a body needs the header Content-Type: {JSON}")
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise UnsupportedMedia("a compressed body is not read; send it without Content-Encoding")


def _is_deeper(value: Any, depth: int) -> bool:
    """Whether a value of JSON has more than `depth` lists and objects around one of its parts."""
    level = [value]
    for _ in range(depth):
        inner = (part.values() if isinstance(part, dict) else part for part in level if isinstance(part, dict | list))
        level = [child for children in inner for child in children if isinstance(child, dict | list)]
        if not level:
            return False
    return True


async def _read(request: Request, max_bytes: int) -> bytes:
    too_large = TooLarge(f"the body is larger than {max_bytes} bytes")
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > max_bytes:
        raise too_large
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > max_bytes:
                raise too_large
    except ClientDisconnect:
        raise BadParameter("body", "ended before it was whole", "a JSON object") from None
    if len(body) > SMALL_BYTES and not has_room(MEMORY_RATIO * len(body)):
        raise MemoryError(f"the container leaves too little for a body of {len(body)} bytes")
    return bytes(body)


def validated(model: type[Model], values: Mapping[str, Any]) -> Model:
    """The model, or a problem that names each parameter that is wrong.

    What it costs to refuse is bounded: by the number of fields here, and by `FailFast` where a model has a list.

    Raises:
        BadParameter: an object has too many fields.
        RequestValidationError: translated by `trimtab.service.http.problem_documents`.
    """
    _require_few_fields(values)
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_url=False)) from None


def _require_few_fields(values: Mapping[str, Any]) -> None:
    """Refuse an object with too many fields, in the body or in a list or an object of the body."""
    parts = [*values.values()]
    parts += [one for part in values.values() if isinstance(part, list) for one in part]
    n_fields = max(len(values), *(len(part) for part in parts if isinstance(part, dict)), 0)
    if n_fields > MAX_FIELDS:
        raise BadParameter("body", f"has an object with {n_fields} fields", f"up to {MAX_FIELDS}")


def documented_body(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The `openapi_extra=` of a route that reads such a body."""
    return {"requestBody": {"required": True, "content": {JSON: {"schema": schema}}}}


def reference(model: type[BaseModel]) -> dict[str, Any]:
    """A reference to a model among the document's components; `trimtab.service.app` puts those `referred` there."""
    _REFERRED[model.__name__] = model
    return {"$ref": REFERENCE.format(model=model.__name__)}


def referred() -> tuple[type[BaseModel], ...]:
    """The models that the routes made so far refer to."""
    return tuple(_REFERRED.values())


_REFERRED: dict[str, type[BaseModel]] = {}


REFERENCE = "#/components/schemas/{model}"
