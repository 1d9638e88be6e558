"""Clients for the servers that REDIS_URL may name: one, one that Sentinels watch over, or a Cluster.

    redis://host:6379/0   rediss://host:6379/0   unix:///run/redis.sock
    redis+sentinel://host:26379,host:26379/service/0      (rediss+sentinel:// speaks TLS to the server)
    redis+cluster://host:6379,host:6379                   (rediss+cluster:// speaks TLS)

`user:password@` before the hosts is for the server, not for the Sentinels. No client tries a command twice: the
caller has a fallback, and waits for one timeout.
"""

from __future__ import annotations

import re
from typing import Any, cast
from urllib.parse import unquote

from redis import Redis
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.exceptions import (
    ClusterError,
    DataError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisClusterException,
    RedisError,
    ResponseError,
)
from redis.retry import Retry
from redis.sentinel import Sentinel

URL_PATTERN = r"^(unix://.|rediss?://.|rediss?\+cluster://[^/]+$|rediss?\+sentinel://[^/]+/[^/]+(/\d+)?$)"
STREAM_URL_PATTERN = r"^(unix://.|rediss?://.|rediss?\+sentinel://[^/]+/[^/]+(/\d+)?$)"
"""Those that have one server for all keys."""
LOST = (RedisError, RedisClusterException)
"""What a command raises when it fails; redis-py has no common root. See `is_refusal`."""
WRITE_REFUSAL = re.compile(r"(^|[\s-])(OOM|READONLY|MISCONF|NOPERM|NOREPLICAS) ")
"""In the answer to a write where the server cannot or may not take any; a script's has it in its text."""
WRITE_REFUSALS = (OutOfMemoryError, ReadOnlyError, NoPermissionError)
DEFAULT_PORTS = {"sentinel": 26379, "cluster": 6379}


def is_refusal(error: object) -> bool:
    """Whether this is an error by which the server refused one command: it is there, and others may succeed."""
    return isinstance(error, (ResponseError, DataError)) and not isinstance(error, ClusterError)


def refuses_writes(error: object) -> bool:
    """Whether this is an error of a server that takes no writes: no memory, a replica, a disk it cannot write to."""
    return isinstance(error, WRITE_REFUSALS) or (is_refusal(error) and bool(WRITE_REFUSAL.search(str(error))))


def connect(url: str, timeout_seconds: float, *, single_connection_client: bool = False) -> Redis:
    """A client that connects on its first command; for a Cluster, now.

    Args:
        single_connection_client: one connection without a pool around it; a Cluster has one a node anyway.

    Raises:
        ValueError: a URL of no known form.
        RedisClusterException: no node of the Cluster answers.
    """
    options: dict[str, Any] = {
        "socket_timeout": timeout_seconds,
        "socket_connect_timeout": timeout_seconds,
        "protocol": 2,
    }
    scheme, _, rest = url.partition("://")
    transport, _, kind = scheme.partition("+")
    if kind not in DEFAULT_PORTS:
        return Redis.from_url(
            url, single_connection_client=single_connection_client, retry=Retry(NoBackoff(), 0), **options
        )
    hosts, _, path = rest.partition("/")
    credentials, _, hosts = hosts.rpartition("@")
    user, _, password = credentials.partition(":")
    options |= {"username": unquote(user) or None, "password": unquote(password) or None}
    places = [_place(host, DEFAULT_PORTS[kind]) for host in hosts.split(",")]
    retry = Retry(NoBackoff(), 0)
    if kind == "cluster":
        nodes = [ClusterNode(host, port) for host, port in places]  # type: ignore[no-untyped-call]
        # It speaks the commands of a single server that are used here.
        return cast(Redis, RedisCluster(startup_nodes=nodes, ssl=transport == "rediss", retry=retry, **options))
    service, _, database = path.partition("/")
    watching = {"socket_timeout": timeout_seconds, "socket_connect_timeout": timeout_seconds, "retry": retry}
    sentinel = Sentinel(places, sentinel_kwargs=watching)  # type: ignore[no-untyped-call]
    tls = {"ssl": True} if transport == "rediss" else {}
    return cast(Redis, sentinel.master_for(service, db=int(database or 0), retry=retry, **tls, **options))  # type: ignore[no-untyped-call]


def _place(host: str, default_port: int) -> tuple[str, int]:
    name, colon, port = host.rpartition(":")
    return (name, int(port)) if colon else (host, default_port)
