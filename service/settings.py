"""What can be set about the service: environment variables `TRIMTAB_<NAME>`, or keyword arguments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from trimtab.core.errors import BadParameter
from trimtab.service.http.auth import is_loopback
from trimtab.service.redis.clients import URL_PATTERN
from trimtab.service.search.request import MAX_TIMEOUT_MS


class Settings(BaseSettings):
    """One frozen set of them a process; `serve` passes it on to the workers."""

    model_config = SettingsConfigDict(
        env_prefix="TRIMTAB_",
        env_ignore_empty=True,
        frozen=True,
        extra="forbid",
        validate_by_name=True,
        validate_by_alias=True,
    )

    bundle: Path = Field(default=Path("bundles/grocery"), description="folder made by `trimtab build`")
    bundle_folder: Path | None = Field(
        default=None, description="where `/bundles` may load from, by name; left out, the folder that `bundle` is in"
    )
    golden_queries: Path | None = Field(
        default=None, description="queries that a bundle is checked with, one a line; left out, names of the catalogue"
    )
    bundle_check_seconds: float = Field(
        default=120, gt=0, description="how long a bundle may take to be loaded and checked before it is refused"
    )
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    admin_port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        description="where admin routes and /metrics are, and only there; left out, they are on `port`",
    )
    workers: int = Field(default=1, ge=1, le=64)
    data_folder: Path = Field(default=Path("data"), description="logs, and the private Redis server's snapshot")
    report_folder: Path | None = Field(
        default=None, description="where `trimtab replay` wrote reports, to be looked at; `reports` in the data folder"
    )

    redis_url: str | None = Field(
        default=None,
        pattern=URL_PATTERN,
        validation_alias=AliasChoices("redis_url", "REDIS_URL", "TRIMTAB_REDIS_URL"),
        description="redis://, rediss://, unix://, redis+sentinel://hosts/service or redis+cluster://hosts; "
        "without it `trimtab serve` starts a private server",
    )
    redis_timeout_seconds: float = Field(default=0.03, gt=0, description="how long one search may wait for Redis")
    redis_poll_seconds: float = Field(
        default=0.5, gt=0, description="how often profiles are read and a lost server tried"
    )

    cache_seconds: int = Field(default=300, ge=0, description="life of scored candidates in Redis; 0 caches nothing")
    cache_entries: int = Field(default=1024, ge=1, description="scored candidate sets kept in the process")

    timeout_ms: float = Field(
        default=100, ge=1, le=MAX_TIMEOUT_MS, description="time to answer of a search that does not say"
    )
    max_waiting_searches: int = Field(
        default=16,
        ge=0,
        description="of a worker, for half of timeout_ms at most; more are answered 503",
    )
    exploration_share: float = Field(default=0.0, ge=0, le=1, description="share of sessions whose slates are sampled")
    traces_url: str | None = Field(
        default=None,
        pattern="^https?://.",
        description="OpenTelemetry collector (OTLP over HTTP) that searches are traced to; left out, nothing is traced",
    )
    traces_share: float = Field(default=0.01, ge=0, le=1, description="of the searches that are in no trace already")
    log_flush_seconds: float = Field(default=0.2, gt=0)
    log_segment_rows: int = Field(default=20_000, ge=1)
    log_segment_seconds: float = Field(default=300, gt=0)
    log_compact_seconds: float = Field(
        default=10, gt=0, description="how often finished segments of events are looked for and made Parquet"
    )

    compact_items: int = Field(
        default=5000,
        ge=0,
        description="items that changed beside the indices from which on a new bundle is built of them; 0 never",
    )
    max_body_bytes: int = Field(default=1_000_000, ge=1_000)
    max_page_bytes: int = Field(default=8_000_000, ge=1_000, description="of a request with a web page in it")
    page_seconds: float = Field(default=10, gt=0, description="what the analysis of one page may take")
    admin_key: SecretStr | None = Field(
        default=None, min_length=1, description="bearer token that may do everything; issues keys"
    )
    require_keys: bool | None = Field(
        default=None, description="whether searches and events need an API key; left out, unless host is loopback"
    )

    id_salt: SecretStr | None = Field(
        default=None,
        min_length=16,
        max_length=64,
        description="user and session ids become salted hashes before anything sees them; the same id the same hash",
    )

    @property
    def keys_are_required(self) -> bool:
        return not is_loopback(self.host) if self.require_keys is None else self.require_keys


SECRETS = ("admin_key", "id_salt")
"""Never repeated, not even where they cannot be used."""


def read_settings(**given: Any) -> Settings:
    """The settings of the environment, and those given over them.

    Raises:
        BadParameter: a value that cannot be; names the variable.
    """
    try:
        return Settings(**given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][0])
        variable = name if name == "REDIS_URL" else f"TRIMTAB_{name.upper()}"
        problem = "cannot use it" if name in SECRETS else f"cannot use {first['input']!r}"
        raise BadParameter(variable, problem, first["msg"]) from None
