"""The settings of the service: environment variables `TRIMTAB_<NAME>`, or keyword arguments."""

from __future__ import annotations

import ipaddress
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from trimtab.core.errors import BadParameter, nearest
from trimtab.service.allowed_values import allowed_by
from trimtab.service.redis.clients import STREAM_URL_PATTERN, URL_PATTERN

ENV_PREFIX = "TRIMTAB_"
NEW_NAMES: Mapping[str, str] = {
    "compact_items": "rebuild_after_items",
    "exploration_share": "exploration_ratio",
    "traces_share": "traces_sample_ratio",
}
"""Deprecated names of settings, which work until version 0.3, and what replaces them."""
MAX_TIMEOUT_MS = 10_000
"""The longest time in which a search may ask to be answered."""


class Settings(BaseSettings):
    """The settings of one process, which do not change; `serve` passes them on to the workers."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_ignore_empty=True,
        frozen=True,
        extra="forbid",
        validate_by_name=True,
        validate_by_alias=True,
    )

    bundle: Path = Field(default=Path("bundles/grocery"), description="folder made by `trimtab build`")
    bundle_folder: Path | None = Field(
        default=None,
        description="folder from which `/bundles` loads bundles by name; by default the one that `bundle` is in",
    )
    golden_queries: Path | None = Field(
        default=None,
        description="file of queries, one a line, with which a bundle is checked; by default names of the catalogue",
    )
    bundle_check_seconds: float = Field(
        default=120, gt=0, description="longest time to load and check a bundle, which is refused after that"
    )
    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: int = Field(default=8000, ge=0, le=65535, description="port to listen on")
    admin_port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        description="port on which alone admin routes and /metrics answer; by default they are on `port`",
    )
    allowed_hosts: str | None = Field(
        default=None,
        description="names, separated by commas, that requests may be addressed to (their header `Host`), `*` for any; "
        "by default any, where `host` is loopback those of loopback",
    )
    allowed_origins: str | None = Field(
        default=None,
        description="origins, separated by commas, whose pages may search, suggest and send events from a browser "
        "(https://shop.example); none by default",
    )
    workers: int = Field(default=1, ge=1, le=64, description="processes that answer searches")
    data_folder: Path = Field(
        default=Path("data"),
        description="folder of what the service writes: logs, events, pages, definitions, keys and accounts, changes "
        "to the catalogue, feeds, reports, and the private Redis server's snapshot",
    )
    report_folder: Path | None = Field(
        default=None,
        description="folder of the reports by `trimtab replay` that /views/replays shows; by default `reports` in the "
        "data folder",
    )

    redis_url: str | None = Field(
        default=None,
        pattern=URL_PATTERN,
        validation_alias=AliasChoices("redis_url", "REDIS_URL", "TRIMTAB_REDIS_URL"),
        description="redis://, rediss://, unix://, redis+sentinel://hosts/service or redis+cluster://hosts; "
        "by default `trimtab serve` starts a private server",
    )
    redis_timeout_seconds: float = Field(default=0.03, gt=0, description="longest time a search waits for Redis")
    redis_poll_seconds: float = Field(
        default=0.5, gt=0, description="time between two polls of Redis, and between two attempts to reach a lost one"
    )

    cache_seconds: int = Field(
        default=300, ge=0, description="time that scored candidates are kept in Redis; 0 keeps none, there or in memory"
    )
    cache_entries: int = Field(default=1024, ge=1, description="sets of scored candidates kept in each worker's memory")

    timeout_ms: float = Field(
        default=100, ge=1, le=MAX_TIMEOUT_MS, description="time within which a search is answered that gives no other"
    )
    max_waiting_searches: int = Field(
        default=16,
        ge=0,
        description="searches that wait in a worker, for half of timeout_ms at most; more are answered 503",
    )
    exploration_max_relevance_loss_ratio: float | None = Field(
        default=None,
        gt=0,
        le=0.5,
        description="what exploration may cost: the share of expected relevance lost over all searches; `trimtab serve "
        "--explore 1%`. By default slates that are sampled have the bundle's temperature, whatever it costs",
    )
    exploration_ratio: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="share of the sessions whose slates are sampled; by default all where it is said what exploration "
        "may cost, and none otherwise",
    )
    traces_url: str | None = Field(
        default=None,
        pattern="^https?://.",
        description="OpenTelemetry collector (OTLP over HTTP) that receives traces of searches; by default none",
    )
    traces_sample_ratio: float = Field(
        default=0.01, ge=0, le=1, description="share traced of the searches that are not part of a caller's trace"
    )
    log_flush_seconds: float = Field(default=0.2, gt=0, description="time between two writes of a log")
    log_segment_rows: int = Field(default=20_000, ge=1, description="rows after which a segment of a log is sealed")
    log_segment_seconds: float = Field(default=300, gt=0, description="age at which a segment of a log is sealed")
    log_compact_seconds: float = Field(
        default=10, gt=0, description="time between two looks for finished segments of events, which become Parquet"
    )

    log_keep_days: float = Field(
        default=400, ge=0, description="age at which finished files of the logs are removed; 0 keeps all"
    )
    log_max_bytes: int = Field(
        default=20_000_000_000,
        ge=0,
        description="size of all logs together above which the oldest finished files are removed; 0 keeps all",
    )

    suggest_refresh_seconds: float = Field(
        default=3600,
        ge=0,
        description="time between two counts of the log's queries for `GET /suggest`; 0 never counts them",
    )
    suggest_min_users: int = Field(
        default=5, ge=1, description="users who must have searched for something before it is suggested to others"
    )
    analytics_min_users: int = Field(
        default=5, ge=1, description="users who must have done something before `GET /analytics` has a row of it"
    )
    suggest_blocked_words: Path | None = Field(
        default=None, description="file of words, one a line, that are never suggested, beside those built in"
    )

    rebuild_after_items: int = Field(
        default=5000,
        ge=0,
        description="new, changed and deleted items that start the rebuild of the bundle with them; 0 never rebuilds",
    )
    rebuild_after_bytes: int = Field(
        default=100_000_000,
        ge=100_000,
        description="size of the log of changes that starts the rebuild too, where rebuild_after_items is not 0",
    )
    catalogue_max_bytes: int = Field(
        default=1_000_000_000,
        ge=100_000,
        description="size of the log of changes that are in no bundle at which no more are taken",
    )
    catalogue_keep_bytes: int = Field(
        default=4_000_000_000,
        ge=100_000,
        description="size of the whole log of changes above which its oldest, which every loaded bundle has, are "
        "removed: a bundle that is older than what is left cannot serve",
    )
    catalogue_redis_url: str | None = Field(
        default=None,
        pattern=STREAM_URL_PATTERN,
        description="Redis (not a Cluster) in which several machines agree on the order of changes to one catalogue; "
        "it needs appendonly yes and appendfsync always. By default this machine has an order of its own",
    )
    catalogue_replicas: int = Field(
        default=0, ge=0, description="replicas of that Redis that must have a change before it is acknowledged"
    )
    catalogue_timeout_seconds: float = Field(
        default=2, gt=0, description="longest time that a change waits for that Redis and its replicas"
    )
    shared_folder_url: str | None = Field(
        default=None,
        pattern="^[a-z0-9]+://.",
        description="folder of all machines (file:///mnt/shop, s3://bucket/shop) by which bundles and older changes "
        "travel; needed with catalogue_redis_url",
    )
    max_body_bytes: int = Field(default=1_000_000, ge=1_000, description="largest body of a request")
    max_page_bytes: int = Field(
        default=8_000_000, ge=1_000, description="largest body of a request that holds a web page"
    )
    max_feed_bytes: int = Field(
        default=1_000_000_000, ge=1_000, description="largest body of `POST /feeds`; the disk needs room for it"
    )
    feed_seconds: float = Field(default=3600, gt=0, description="longest time to take one feed into the catalogue")
    page_seconds: float = Field(default=10, gt=0, description="longest time to analyse one web page")
    own_hosts: str = Field(
        default="",
        description="hosts, separated by commas, whose pages make and change items by `POST /pages`; by default any "
        "host's page makes one, and only pages of the same host change it",
    )
    admin_key: SecretStr | None = Field(
        default=None, min_length=1, description="bearer token that may do everything, and issues keys"
    )
    require_keys: bool | None = Field(
        default=None,
        description="whether searches and events need an API key; by default they do unless `host` is loopback",
    )

    id_salt: SecretStr | None = Field(
        default=None,
        min_length=16,
        max_length=64,
        description="salt of the hashes that replace user and session ids before anything is logged or kept",
    )

    user_token_secret: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="secret with which the shop's server signs the `user_token` of a browser (HS256); without it none "
        "is read",
    )

    @field_validator("data_folder")
    @classmethod
    def _is_a_folder(cls, folder: Path) -> Path:
        """Refuse a path that cannot be a folder, because it or one above it is something else."""
        there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        if not there.is_dir():
            raise ValueError(f"{there} is not a folder")
        return folder

    @model_validator(mode="after")
    def _has_a_folder_to_share(self) -> Self:
        if self.catalogue_redis_url is not None and self.shared_folder_url is None:
            raise ValueError("several machines need TRIMTAB_SHARED_FOLDER_URL as well as TRIMTAB_CATALOGUE_REDIS_URL")
        return self

    def __init__(self, **given: Any) -> None:
        super().__init__(**_with_new_names(given))

    @property
    def effective_exploration_ratio(self) -> float:
        """Share of the sessions that explore: what was given, or what follows from the loss that is allowed."""
        if self.exploration_ratio is not None:
            return self.exploration_ratio
        return 0.0 if self.exploration_max_relevance_loss_ratio is None else 1.0

    @property
    def own_host_names(self) -> tuple[str, ...]:
        return tuple(host.strip() for host in self.own_hosts.split(",") if host.strip())

    @property
    def keys_are_required(self) -> bool:
        return not is_loopback(self.host) if self.require_keys is None else self.require_keys

    def answers_to(self, name: str) -> bool:
        """Whether a request may be addressed to a host of this name."""
        name = name.lower()
        if self.allowed_hosts is None:
            return not is_loopback(self.host) or is_loopback(name) or name == self.host
        allowed = [one.strip().lower() for one in self.allowed_hosts.split(",")]
        return "*" in allowed or name in allowed

    @property
    def origins(self) -> tuple[str, ...]:
        """The origins whose pages may call this service."""
        return tuple(filter(None, (one.strip().rstrip("/") for one in (self.allowed_origins or "").split(","))))


OTHERS = ("milvus_", "port_", "service_", "test_")
"""Beginnings of variables that are no settings: of other rooms, and what Kubernetes sets of a service by its name."""
SECRETS = ("admin_key", "id_salt", "user_token_secret")
"""Settings whose values no message repeats."""


def read_settings(**given: Any) -> Settings:
    """The settings of the environment, and those given, which take precedence.

    Warns of variables that are nearly called as a setting.

    Raises:
        BadParameter: a value that cannot be used; names the variable.
    """
    _warn_of_misspelt()
    try:
        return Settings(**given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        if not first["loc"]:
            raise BadParameter("TRIMTAB_SHARED_FOLDER_URL", "is missing", first["msg"]) from None
        name = str(first["loc"][0]).removeprefix(ENV_PREFIX).lower()
        problem = "cannot use it" if name in SECRETS else f"cannot use {first['input']!r}"
        raise BadParameter(_variable(name), problem, _allowed(name, first)) from None


def _allowed(name: str, error: Mapping[str, Any]) -> str:
    """What a setting may be; of one that has a pattern, its meaning."""
    meaning = Settings.model_fields[name].description if name in Settings.model_fields else None
    is_pattern = error["type"] == "string_pattern_mismatch"
    return meaning if is_pattern and meaning is not None else allowed_by(str(error["msg"]))


def _warn_of_misspelt() -> None:
    for variable in os.environ:
        name = variable.removeprefix(ENV_PREFIX).lower()
        if (
            not variable.startswith(ENV_PREFIX)
            or name.startswith(OTHERS)
            or name in (*Settings.model_fields, *NEW_NAMES)
        ):
            continue
        meant = nearest(name, Settings.model_fields)
        if meant is not None:
            warnings.warn(f"{variable} is not a setting (did you mean {_variable(meant)}?)", stacklevel=3)


def variables_of(settings: Settings) -> dict[str, str]:
    """The environment variables by which another process has the settings that were given to this one."""
    found = {}
    for name in settings.model_fields_set:
        value = getattr(settings, name)
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        found[_variable(name)] = "" if text is None else str(text)
    return found


def _variable(name: str) -> str:
    """The environment variable of a setting."""
    return "REDIS_URL" if name == "redis_url" else ENV_PREFIX + name.upper()


def _with_new_names(given: Mapping[str, Any]) -> dict[str, Any]:
    """What is given, with deprecated names replaced, in it and in the environment; warns of each."""
    renamed = dict(given)
    for old, new in NEW_NAMES.items():
        if old in given:
            warnings.warn(f"the setting {old} is now called {new}", FutureWarning, stacklevel=3)
            renamed.setdefault(new, renamed.pop(old))
        elif os.environ.get(_variable(old)):
            warnings.warn(f"{_variable(old)} is now called {_variable(new)}", FutureWarning, stacklevel=3)
            if not os.environ.get(_variable(new)):
                renamed.setdefault(new, os.environ[_variable(old)])
    return renamed


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
