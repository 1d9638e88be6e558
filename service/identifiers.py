"""Names that clients send: of events, items and decisions, and of who it was."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from trimtab.core.log import identity

Identifier = Annotated[str, Field(min_length=1, max_length=128)]

Identity = Annotated[Annotated[str, Field(max_length=128)] | None, AfterValidator(identity)]
"""Who it was; blank text is nobody."""

UserToken = Annotated[str | None, Field(max_length=2048)]
"""Who it was, signed by the shop's server; see `trimtab.service.http.user_tokens`."""
