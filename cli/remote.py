"""A running service, as the commands that change it speak to it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from trimtab.core.errors import BadParameter, TrimtabError, Unavailable

if TYPE_CHECKING:
    from urllib.error import HTTPError

KEY_VARIABLE = "TRIMTAB_ADMIN_KEY"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
SECONDS = 30

Address = Annotated[
    str, typer.Option("--service", metavar="URL", help="address of the service, of its admin port where it has one")
]
HERE = "http://127.0.0.1:8000"


class Refused(TrimtabError):
    """A service that does not do what it is asked."""


class Service:
    """Asks a service with the key in the environment variable `TRIMTAB_ADMIN_KEY`."""

    def __init__(self, address: str) -> None:
        """
        Raises:
            BadParameter: it is not an address, or the key would be sent in the clear over a network.
        """
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise BadParameter("--service", f"cannot use {address!r}", f"an address such as {HERE}")
        self._address = address.rstrip("/")
        self._key = os.environ.get(KEY_VARIABLE, "")
        if self._key and parts.scheme == "http" and parts.hostname not in LOOPBACK:
            raise BadParameter("--service", f"{address} would send the key in the clear", "https, or this machine")

    def get(self, path: str) -> Any:
        """What the service has there."""
        return json.loads(self.text(path))

    def text(self, path: str) -> str:
        """What the service has there, as text."""
        return self._ask("GET", path)

    def put(self, path: str, body: object) -> Any:
        return json.loads(self._ask("PUT", path, body))

    def delete(self, path: str) -> None:
        self._ask("DELETE", path)

    def _ask(self, method: str, path: str, body: object = None) -> str:
        """
        Raises:
            Refused: the service answers with a problem, whose words these are.
            Unavailable: nobody answers there.
        """
        from http.client import HTTPException
        from urllib.error import HTTPError
        from urllib.request import HTTPRedirectHandler, Request, build_opener

        class Stay(HTTPRedirectHandler):
            """Follows nowhere: the key would go along, whoever is there."""

            def redirect_request(self, *_: object) -> None:
                return None

        headers = {"Accept": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        request = Request(self._address + path, data=data, headers=headers, method=method)  # noqa: S310  # its scheme was looked at
        try:
            with build_opener(Stay).open(request, timeout=SECONDS) as answer:
                read: bytes = answer.read()
                return read.decode()
        except HTTPError as error:
            hint = f" (the key is read from {KEY_VARIABLE})" if error.code in (401, 403) else ""
            raise Refused(f"{method} {path}: {_detail(error)}{hint}") from None
        except (OSError, HTTPException) as error:
            raise Unavailable(f"{self._address} does not answer: {getattr(error, 'reason', error)}") from None


def _detail(error: HTTPError) -> str:
    try:
        return str(json.loads(error.read())["detail"])
    except (ValueError, KeyError, TypeError):
        return f"the service answered {error.code}"
