"""Sessions of people who logged in: a cookie that no script reads, and a token that no other site knows.

A session is 256 random bits in a cookie (`HttpOnly`, `SameSite=Strict`, `Secure` where the browser speaks TLS); Redis
has its digest with the account's name until it ends. What changes something must also send the header
`X-Trimtab-CSRF` with the token that `GET /session` gave, which only pages of this origin can read.

Another cookie says for months that somebody has logged in to an account in this browser, so that guesses from elsewhere
do not keep them out.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

import orjson
from fastapi import Request, Response
from redis import Redis

from trimtab.core.errors import Forbidden, Unauthorised, Unavailable
from trimtab.service.http.accounts import MARK, Account, Accounts, Place
from trimtab.service.http.auditing import READING
from trimtab.service.redis.gateway import RedisGateway

COOKIE = "trimtab_session"
BROWSER = "trimtab_browser"
"""The cookie of a browser in which somebody has logged in."""
CSRF_HEADER = "X-Trimtab-CSRF"
SESSION_SECONDS = 12 * 3600
BROWSER_SECONDS = 90 * 24 * 3600
KEY = "trimtab:session:"
BROWSER_KEY = "trimtab:browser:"


@dataclass(frozen=True)
class Session:
    """Who has logged in."""

    name: str
    account: Account
    csrf: str

    @property
    def caller(self) -> str:
        """The name of who asks, as the audit log and what they wrote have it."""
        return MARK + self.name


class Sessions:
    """The sessions of this service, over all workers."""

    def __init__(self, redis: RedisGateway, accounts: Accounts) -> None:
        self._redis = redis
        self._accounts = accounts

    async def begin(self, request: Request, response: Response, name: str, account: Account) -> Session:
        """Log somebody in, whose password was checked, and give the answer its cookie.

        Raises:
            Unavailable: Redis is lost.
        """
        token, browser = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        kept = orjson.dumps({"account": name, "stamp": account.stamp})
        known = _key(browser, BROWSER_KEY)

        def keep(redis: Redis) -> object:
            return redis.set(_key(token), kept, ex=SESSION_SECONDS) and redis.set(known, name, ex=BROWSER_SECONDS)

        if not await self._redis.run_aside(keep):
            raise Unavailable("nobody can log in while Redis does not answer; the admin key works without it")
        for cookie, value, seconds in ((COOKIE, token, SESSION_SECONDS), (BROWSER, browser, BROWSER_SECONDS)):
            response.set_cookie(
                cookie, value, max_age=seconds, httponly=True, samesite="strict", secure=_is_over_tls(request)
            )
        return Session(name, account, _csrf(token))

    async def place(self, request: Request, name: str) -> Place:
        """Where somebody tries to log in to an account from."""
        address = "" if request.client is None else request.client.host
        token = request.cookies.get(BROWSER)
        if not token:
            return Place(address)
        known = _key(token, BROWSER_KEY)
        account = await self._redis.run_aside(lambda redis: redis.get(known) or b"")
        return Place(known, is_known=True) if account == name.encode() else Place(address)

    async def end(self, request: Request, response: Response) -> None:
        """Log out.

        Raises:
            Unavailable: Redis is lost, and the session goes on until its time.
        """
        token = request.cookies.get(COOKIE, "")
        response.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=_is_over_tls(request))
        if await self._redis.run_aside(lambda redis: redis.delete(_key(token))) is None:
            raise Unavailable("the session cannot be ended while Redis does not answer")

    def of(self, request: Request) -> Session | None:
        """The session of a request; None where it has no cookie, or one that has ended.

        Raises:
            Forbidden: it would change something without the token of its session.
            Unavailable: Redis is lost.
        """
        token = request.cookies.get(COOKIE)
        if not token:
            return None
        kept = self._redis.run(lambda redis: redis.get(_key(token)) or b"")
        if kept is None:
            raise Unavailable("sessions are not known while Redis does not answer; the admin key works without it")
        session = self._session(token, kept)
        if session is not None and request.method not in READING:
            sent = request.headers.get(CSRF_HEADER, "").encode()
            if not secrets.compare_digest(sent, session.csrf.encode()):
                raise Forbidden(f"a change by who logged in needs the header {CSRF_HEADER}, from GET /session")
        return session

    def required(self, request: Request) -> Session:
        """The session of a request.

        Raises:
            Unauthorised: it has none.
            Forbidden, Unavailable: as `of`.
        """
        session = self.of(request)
        if session is None:
            raise Unauthorised("nobody is logged in here")
        return session

    def _session(self, token: str, kept: bytes | str) -> Session | None:
        try:
            read = orjson.loads(kept or b"{}")
            name, stamp = read["account"], read["stamp"]
            account = self._accounts.all().get(name)
        except (ValueError, KeyError, TypeError):
            return None
        return None if account is None or account.stamp != stamp else Session(name, account, _csrf(token))


def _key(token: str, kind: str = KEY) -> str:
    return kind + hashlib.sha256(token.encode()).hexdigest()


def _csrf(token: str) -> str:
    """The token that goes with a session; from it nobody finds the session's."""
    return hashlib.sha256(f"csrf {token}".encode()).hexdigest()


def _is_over_tls(request: Request) -> bool:
    """Whether the browser speaks TLS, here or to the proxy; who lies about it makes a cookie stricter, no laxer."""
    forwarded = request.headers.get("x-forwarded-proto", "").lower().split(",")  # one for each proxy on the way
    return "https" in (request.url.scheme, *(part.strip() for part in forwarded))
