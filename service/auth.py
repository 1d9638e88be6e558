"""Who may change things. One admin key for now: `Authorization: Bearer <TRIMTAB_ADMIN_KEY>`."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from fastapi import Request
from pydantic import SecretStr

from core.errors import Forbidden, Unauthorised


def admin(key: SecretStr | None) -> Callable[[Request], None]:
    """A dependency that lets only who knows the key through.

    Raises:
        Forbidden: no key is configured, so nobody may.
        Unauthorised: no key is sent, or another one.
    """

    def check(request: Request) -> None:
        if key is None:
            raise Forbidden("changes are switched off: start the service with TRIMTAB_ADMIN_KEY to allow them")
        scheme, _, sent = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secrets.compare_digest(sent.encode(), key.get_secret_value().encode()):
            raise Unauthorised("this needs the header Authorization: Bearer <admin key>")

    return check
