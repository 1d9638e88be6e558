"""The accounts of people who operate the shop's search: a name, a role, and what a password is checked by.

They are kept as keys are, in Redis and in a copy on the disk. People choose passwords, so these are hashed slowly
(scrypt with a salt of its own), and a password is checked one at a time in each worker.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr
from pydantic_core import PydanticCustomError

from trimtab.core.errors import Conflict, Unauthorised
from trimtab.service.http.keys import Grant, Scope
from trimtab.service.http.rates import Rates
from trimtab.service.redis.gateway import RedisGateway
from trimtab.service.redis.named_definitions import NamedDefinitions

Role = Literal["viewer", "merchandiser", "admin"]
SCOPES_OF: Mapping[Role, tuple[Scope, ...]] = {
    "viewer": ("search", "analytics", "read"),
    "merchandiser": ("search", "ingest", "analytics", "read", "merchandise"),
    "admin": ("admin",),
}
MARK = "@"
"""Before the name of an account where a caller is named: no name of a key has it."""
TRIES_PER_MINUTE = 10
"""Passwords that may be tried on one account from one place."""
LOGINS_PER_MINUTE = 60
"""Passwords that may be tried from places where nobody has logged in: each costs a core the time of some fifty
searches."""
MIN_CHARACTERS, MAX_CHARACTERS = 12, 128
COST, BLOCK, PARALLEL, MAX_BYTES = 2**15, 8, 1, 64 * 2**20
"""scrypt's parameters: 32 MB and about a tenth of a second for each check."""


def _text(value: object) -> object:
    """A password that may be one; what is wrong with another is said without repeating it."""
    if not isinstance(value, str):
        raise PydanticCustomError("password", "text", {"problem": "is not text"})
    if len(value) > MAX_CHARACTERS:
        raise PydanticCustomError("password", "up to 128 characters", {"problem": "is too long"})
    return value


def _long_enough(value: object) -> object:
    if len(str(_text(value))) < MIN_CHARACTERS:
        raise PydanticCustomError("password", "12 to 128 characters", {"problem": "is too short"})
    return value


Password = Annotated[SecretStr, BeforeValidator(_text), Field(json_schema_extra={"maxLength": MAX_CHARACTERS})]
"""A password that somebody shows."""
ChosenPassword = Annotated[
    SecretStr,
    BeforeValidator(_long_enough),
    Field(json_schema_extra={"minLength": MIN_CHARACTERS, "maxLength": MAX_CHARACTERS}),
]
"""A password that is set."""


@dataclass(frozen=True)
class Place:
    """Where a password is tried from.

    Attributes:
        name: an address, or a browser that is known.
        is_known: somebody has logged in to this account from there: what others try does not keep them out.
    """

    name: str
    is_known: bool = False


class NewAccount(BaseModel):
    """What somebody may do, and the password that they begin with."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"example": {"role": "merchandiser", "password": "correct horse battery"}},
    )

    role: Role = Field(description="`viewer` reads; `merchandiser` changes rules, synonyms and items too; `admin`.")
    password: ChosenPassword = Field(description="12 to 128 characters.")


class Account(BaseModel):
    """An account as it is kept."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: Role
    password: str = Field(pattern=r"^[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+$", description="Salt and hash in base64.")

    @property
    def grant(self) -> Grant:
        return Grant(scopes=SCOPES_OF[self.role], per_minute=None, priority="shopper", browser=False)

    @property
    def stamp(self) -> str:
        """What a session remembers of the password: it ends where another one is set."""
        return hashlib.sha256(self.password.encode()).hexdigest()[:16]


class Accounts(NamedDefinitions[Account]):
    """The accounts that are defined."""

    def __init__(self, redis: RedisGateway, data_folder: Path | None = None, *, rates: Rates) -> None:
        self._rates = rates
        self._checking = asyncio.Lock()
        super().__init__(redis, "account", Account, data_folder)

    async def define(self, name: str, role: Role, password: str) -> None:
        """Make an account, or give one that is there another role and password; its sessions end.

        Raises:
            Unavailable: Redis is lost.
        """
        async with self._checking:
            kept = await asyncio.to_thread(hashed, password)
        await self.put(name, Account(role=role, password=kept))

    async def change_password(self, name: str, password: str, new: str, place: Place) -> Account:
        """Give an account another password, by who knows the one it has; its sessions end.

        Raises:
            Unauthorised, TooMany: as `verified`.
            Conflict: the account was changed or ended meanwhile, and stays so.
            Unavailable: Redis is lost.
        """
        before = await self.verified(name, password, place)
        async with self._checking:
            kept = await asyncio.to_thread(hashed, new)
        if self.all().get(name) != before:
            raise Conflict(f"account {name!r} was changed at the same time: log in again")
        after = Account(role=before.role, password=kept)
        await self.put(name, after)
        return after

    async def verified(self, name: str, password: str, place: Place) -> Account:
        """The account of that name, whose password it is.

        Raises:
            Unauthorised: there is no account of that name, or it has another password; which of both is not said.
            TooMany: passwords are tried too often.
        """
        what = "the password of this account may be tried from here"
        self._rates.count(f"login:{place.name}:{name}", TRIES_PER_MINUTE, what=what)
        if not place.is_known:
            self._rates.count("login:", LOGINS_PER_MINUTE, what="logins from new places are taken")
        account = self.all().get(name)
        async with self._checking:
            is_right = await asyncio.to_thread(matches, password, NOBODY if account is None else account.password)
        if account is None or not is_right:
            raise Unauthorised("there is no account of this name with this password")
        return account


def hashed(password: str) -> str:
    """What a password is checked by, with a new salt."""
    salt = secrets.token_bytes(16)
    return f"{base64.b64encode(salt).decode()}${base64.b64encode(_scrypt(password, salt)).decode()}"


def matches(password: str, kept: str) -> bool:
    """Whether it is the password from which `hashed` made what is kept."""
    salt, _, digest = kept.partition("$")
    return secrets.compare_digest(_scrypt(password, base64.b64decode(salt)), base64.b64decode(digest))


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(
        password.encode(errors="surrogatepass"), salt=salt, n=COST, r=BLOCK, p=PARALLEL, maxmem=MAX_BYTES, dklen=32
    )


NOBODY = f"{base64.b64encode(bytes(16)).decode()}${base64.b64encode(bytes(32)).decode()}"
"""What the password of an unknown account is checked by, so that time does not say which names there are."""
