"""User and session ids that name nobody: salted hashes, made as a request comes in, before anything else sees the ids.

The same id has the same pseudonym as long as the salt is the same, so that sessions, draws, experiments and a bootstrap
by user work as they do with ids, and a decision is made again to the bit from its log row. What users bought before is
known to a bundle by their ids; `engine` looks it up by pseudonym instead.
"""

from __future__ import annotations

from pydantic import SecretStr

from trimtab.core.pseudonyms import pseudonym
from trimtab.engine import Engine
from trimtab.service.logs.event_log import Event
from trimtab.service.search.request import SearchRequest


class Pseudonyms:
    """Replaces ids; without a salt it leaves all as it is."""

    def __init__(self, salt: SecretStr | None) -> None:
        self._salt = None if salt is None else salt.get_secret_value().encode()

    def of(self, identifier: str) -> str:
        """The pseudonym of an id."""
        return identifier if self._salt is None else pseudonym(identifier, self._salt)

    def request(self, request: SearchRequest) -> SearchRequest:
        """The request as if its sender had sent pseudonyms."""
        if self._salt is None:
            return request
        named = {"user_id": request.user_id, "session_id": request.session_id}
        return request.model_copy(update={name: self.of(sent) for name, sent in named.items() if sent is not None})

    def event(self, event: Event) -> Event:
        """The event as if its sender had sent pseudonyms."""
        if self._salt is None or event.user_id is None:
            return event
        return event.model_copy(update={"user_id": self.of(event.user_id)})

    def engine(self, engine: Engine) -> Engine:
        """The engine with users' histories under their pseudonyms."""
        if self._salt is None:
            return engine
        return engine.with_users_renamed(self.of)
