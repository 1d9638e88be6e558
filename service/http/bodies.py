"""JSON bodies: read up to a limit, parsed, checked by a model; and how they are documented.

The framework's own way answers what is too large in plain text and wants a content type that many clients forget.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import orjson
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from trimtab.core.errors import BadParameter, TooLarge

JSON = "application/json"
Model = TypeVar("Model", bound=BaseModel)


async def read_object(request: Request, *, max_bytes: int) -> dict[str, Any]:
    """The JSON object in the body of a request.

    Raises:
        TooLarge: the body is over the limit; no more than that is read.
        BadParameter: it is not a JSON object.
    """
    body = await _read(request, max_bytes)
    try:
        values = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadParameter("body", f"is not JSON: {error.msg} at character {error.pos}", "a JSON object") from None
    if not isinstance(values, dict):
        raise BadParameter("body", "is JSON but not an object", 'an object, for example {"q": "ice cream"}')
    return values


async def _read(request: Request, max_bytes: int) -> bytes:
    too_large = TooLarge(f"the body is larger than {max_bytes} bytes")
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > max_bytes:
        raise too_large
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise too_large
    return bytes(body)


def validated(model: type[Model], values: Mapping[str, Any]) -> Model:
    """The model, or a problem that names each parameter that is wrong.

    Raises:
        RequestValidationError: translated by `trimtab.service.http.problem_documents`.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_url=False)) from None


def documented_body(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The `openapi_extra=` of a route that reads such a body."""
    return {"requestBody": {"required": True, "content": {JSON: {"schema": schema}}}}


def reference(model: type[BaseModel]) -> dict[str, Any]:
    """A reference to a model among the document's components; `trimtab.service.app` puts them there."""
    return {"$ref": REFERENCE.format(model=model.__name__)}


REFERENCE = "#/components/schemas/{model}"
