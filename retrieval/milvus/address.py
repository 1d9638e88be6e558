"""Where a collection is: `milvus://HOST:PORT/NAME`, or `milvus+tls://` for an encrypted connection."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from trimtab.core.errors import BadParameter

SCHEMES = {"milvus": "http", "milvus+tls": "https"}
FORM = "milvus://HOST:PORT/NAME, or milvus+tls://HOST:PORT/NAME"
MAX_NAME = 200
"""Milvus allows names of 255 characters; versions of a collection have more of them."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Address:
    """A server, and the name by which the newest of the versions of a collection is found there."""

    uri: str
    name: str

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read an address.

        Raises:
            BadParameter: it is not one.
        """
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError as error:
            raise BadParameter("--retrieval", f"cannot read {text!r} ({error})", FORM) from None
        name = parts.path.removeprefix("/")
        if parts.scheme not in SCHEMES or not parts.hostname or port is None or parts.query or parts.fragment:
            raise BadParameter("--retrieval", f"cannot read {text!r}", FORM)
        if parts.username is not None or parts.password is not None:
            raise BadParameter(
                "--retrieval", "a bundle would keep the password", f"{FORM}; the token in TRIMTAB_MILVUS_TOKEN"
            )
        if not _NAME.fullmatch(name) or len(name) > MAX_NAME:
            raise BadParameter(
                "--retrieval",
                f"a collection cannot be called {name!r}",
                f"letters, digits and _, at most {MAX_NAME}, no digit first",
            )
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        return cls(f"{SCHEMES[parts.scheme]}://{host}:{port}", name)

    def __str__(self) -> str:
        scheme = next(ours for ours, theirs in SCHEMES.items() if self.uri.startswith(f"{theirs}:"))
        return f"{scheme}:{self.uri.partition(':')[2]}/{self.name}"
