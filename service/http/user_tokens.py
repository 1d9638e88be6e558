"""Who a browser says it is: a token that the shop's own server signed, because anybody can read a page's key.

A `user_token` is a JSON Web Token signed by HMAC with SHA-256 (`HS256`) and the secret that the shop's server and this
service share: `sub` is the user's id, `exp` when it ends. One that names nobody is refused, and one whose id is longer
than ids may be: cut, it would be somebody else's.
"""

from __future__ import annotations

from typing import Protocol, TypeVar

import jwt
from pydantic import SecretStr, TypeAdapter, ValidationError

from trimtab.core.errors import BadParameter, Unauthorised
from trimtab.service.http.keys import Grant
from trimtab.service.identifiers import Identity

ALGORITHM = "HS256"
CLOCK_TOLERANCE_SECONDS = 30
_IDENTITY: TypeAdapter[str | None] = TypeAdapter(Identity)


class Named(Protocol):
    """What comes in with the name of a user: a search, an event."""

    @property
    def user_id(self) -> str | None: ...
    @property
    def user_token(self) -> str | None: ...
    def model_copy(self, *, update: dict[str, object]) -> Named: ...


Request = TypeVar("Request", bound=Named)


class UserTokens:
    """Reads tokens."""

    def __init__(self, secret: SecretStr | None) -> None:
        self._secret = None if secret is None else secret.get_secret_value()

    def named(self, request: Request, key: Grant | None) -> Request:
        """The request with the user whom its token names, if it has one.

        Raises:
            BadParameter, Unauthorised: as `user_of`.
        """
        user_id = self.user_of(key, user_id=request.user_id, user_token=request.user_token)
        if user_id == request.user_id:
            return request
        return request.model_copy(update={"user_id": user_id, "user_token": None})  # type: ignore[return-value]  # a copy

    def user_of(self, key: Grant | None, *, user_id: str | None, user_token: str | None) -> str | None:
        """Who it is.

        Args:
            key: what the caller's key allows; None where none was needed.

        Raises:
            BadParameter: a browser's key comes with a `user_id`, both are given, or tokens are not read here.
            Unauthorised: the token is not signed by this secret, has ended, or names nobody.
        """
        if user_token is None:
            if user_id is not None and key is not None and key.browser:
                raise BadParameter("user_id", "a browser's key cannot say who it is", "user_token")
            return user_id
        if user_id is not None:
            raise BadParameter("user_id", "is given beside user_token", "one of the two")
        if self._secret is None:
            raise BadParameter("user_token", "no tokens are read here", "a service with TRIMTAB_USER_TOKEN_SECRET")
        return self._subject(self._secret, user_token)

    def _subject(self, secret: str, token: str) -> str:
        try:
            claims = jwt.decode(
                token,
                secret,
                algorithms=[ALGORITHM],
                leeway=CLOCK_TOLERANCE_SECONDS,
                options={"require": ["sub", "exp"], "verify_aud": False},
            )
        except jwt.ExpiredSignatureError:
            raise Unauthorised("this user_token has expired; the shop's server makes a new one") from None
        except jwt.PyJWTError:
            raise Unauthorised(
                f"this user_token is none: it needs sub, exp and a signature by {ALGORITHM} with the shop's secret"
            ) from None
        try:
            subject = _IDENTITY.validate_python(claims["sub"])
        except ValidationError:
            subject = None
        if subject is None:
            raise Unauthorised("this user_token names nobody: sub is what user_id may be, and not blank")
        return subject
