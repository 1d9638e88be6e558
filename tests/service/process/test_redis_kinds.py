"""REDIS_URL may name a server, Sentinels, or a Cluster; a change reaches every worker by announcement or by polling."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path

import httpx
import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from tests.support.processes import free_port
from tests.support.redis_servers import PATIENT_REDIS_SECONDS, RedisProcess
from tests.support.services import beside, metric, serving, taken
from tests.support.waiting import eventually
from trimtab.core.errors import BadParameter
from trimtab.service.redis.server import find_redis_server
from trimtab.service.settings import Settings, read_settings

KEY = {"Authorization": "Bearer sesame"}
N_SLOTS = 16384


@contextmanager
def redis_on(port: int, *options: object) -> Iterator[Redis]:
    """A redis-server on a port of loopback."""
    command = [find_redis_server(), *options, "--port", port, "--bind", "127.0.0.1", "--save", "", "--logfile", ""]
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL)
    client = Redis(port=port, retry=Retry(NoBackoff(), 0), decode_responses=True)
    try:
        eventually(lambda: answers(client))
        yield client
    finally:
        client.close()
        process.kill()
        process.wait()


def answers(client: Redis) -> bool:
    try:
        return bool(client.ping())
    except RedisError:
        return False


def is_master(client: Redis) -> bool:
    """A Sentinel that promotes a server ends its connections."""
    try:
        return bool(client.info("replication")["role"] == "master")
    except RedisError:
        return False


def settings_for(bundle: Path, folder: Path, url: str, **others: object) -> Settings:
    given = {"redis_timeout_seconds": PATIENT_REDIS_SECONDS, "admin_key": "sesame", "redis_url": url, **others}
    return Settings.model_validate({"bundle": bundle, "data_folder": folder, **given})


def follows(one: httpx.Client, two: httpx.Client, name: str) -> None:
    """What is given to one the other knows, and scored candidates and events are shared."""
    one.put(f"/profiles/{name}", json={"weights": {"revenue": 1}}, headers=KEY).raise_for_status()
    eventually(lambda: name in two.get("/profiles").json())
    events = [
        {"event_id": f"{name}-{number}", "action_name": "click", "query_id": "d", "item_id": "i"} for number in range(5)
    ]
    assert one.post("/events", json={"events": events}).json()["accepted"] == 5
    eventually(lambda: taken(two.post("/events", json={"events": events})) == (0, 5))
    for _ in range(2):
        assert one.get("/search", params={"q": f"soup {name}"}).json()["degraded"] == []
    assert metric(one, "trimtab_redis_up") == 1


def test_an_announcement_is_quicker_than_the_poll(
    small_bundle: Path, tmp_path: Path, redis_server: RedisProcess
) -> None:
    """With a poll an hour only the announcement can tell."""
    settings = settings_for(small_bundle, tmp_path / "one", redis_server.url, redis_poll_seconds=3600)
    with serving(settings) as one, serving(beside(settings)) as two, redis_server.client() as redis:
        eventually(lambda: redis.pubsub_numsub("trimtab:changes")[0][1] == 2)
        one.put("/profiles/margin", json={"weights": {"revenue": 1}}, headers=KEY).raise_for_status()
        eventually(lambda: "margin" in two.get("/profiles").json())


def test_without_announcements_the_poll_tells(small_bundle: Path, tmp_path: Path, redis_server: RedisProcess) -> None:
    settings = settings_for(small_bundle, tmp_path, redis_server.url, redis_poll_seconds=0.05)
    with serving(settings) as shop, redis_server.client() as redis:
        redis.hset("trimtab:profiles", "quiet", '{"weights": {"revenue": 1}}')
        eventually(lambda: "quiet" in shop.get("/profiles").json())


def test_sentinels_name_the_server_and_the_next_one(small_bundle: Path, tmp_path: Path) -> None:
    """The master dies; its replica takes over, and the service follows without a restart."""
    first, second, sentinel = free_port(), free_port(), free_port()
    configuration = tmp_path / "sentinel.conf"
    configuration.write_text(
        f"sentinel monitor shop 127.0.0.1 {first} 1\n"
        "sentinel down-after-milliseconds shop 500\nsentinel failover-timeout shop 2000\n"
    )
    url = f"redis+sentinel://127.0.0.1:{sentinel}/shop/0"
    with ExitStack() as servers:
        master = ExitStack()
        master.enter_context(redis_on(first, "--dir", tmp_path))
        replica = servers.enter_context(redis_on(second, "--dir", tmp_path, "--replicaof", "127.0.0.1", first))
        servers.enter_context(redis_on(sentinel, configuration, "--sentinel"))
        eventually(lambda: replica.info("replication")["master_link_status"] == "up")
        watcher = servers.enter_context(Redis(port=sentinel, decode_responses=True))
        eventually(lambda: watcher.sentinel_master("shop")["num-slaves"] == 1)
        settings = settings_for(small_bundle, tmp_path / "one", url, redis_poll_seconds=0.1)
        with serving(settings) as one, serving(beside(settings)) as two:
            follows(one, two, "before")
            eventually(lambda: "before" in replica.hkeys("trimtab:profiles"))
            master.close()
            eventually(lambda: one.get("/search", params={"q": "pasta"}).json()["degraded"] == ["redis"])
            eventually(lambda: is_master(replica))
            eventually(lambda: one.get("/readyz").json()["redis"] == two.get("/readyz").json()["redis"] == "up")
            assert "before" in one.get("/profiles").json()
            follows(one, two, "after")


def test_a_cluster_of_three(small_bundle: Path, tmp_path: Path) -> None:
    # Its nodes speak to each other 10,000 ports above.
    ports = list(islice((port for port in iter(free_port, None) if port + 10_000 < 1 << 16), 3))
    with ExitStack() as servers:
        nodes = []
        for number, port in enumerate(ports):
            cluster = ("--cluster-enabled", "yes", "--cluster-config-file", f"nodes-{port}.conf", "--dir", tmp_path)
            node = servers.enter_context(redis_on(port, *cluster))
            node.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            node.execute_command("CLUSTER", "ADDSLOTS", *range(number, N_SLOTS, 3))
            nodes.append(node)
        for port in ports[1:]:
            nodes[0].execute_command("CLUSTER", "MEET", "127.0.0.1", port)
        eventually(lambda: all(node.cluster("INFO")["cluster_state"] == "ok" for node in nodes))
        url = f"redis+cluster://127.0.0.1:{ports[0]},127.0.0.1:{ports[1]}"
        settings = settings_for(small_bundle, tmp_path / "one", url, redis_poll_seconds=0.1)
        with serving(settings) as one, serving(beside(settings)) as two:
            follows(one, two, "shared")
            halves = {"arms": {"control": {"share": 0.5}, "margin": {"share": 0.5, "profile": "shared"}}}
            one.put("/experiments/weights", json=halves, headers=KEY).raise_for_status()
            for number in range(8):
                one.get("/search", params={"q": "soup", "session_id": f"visit-{number}"}).raise_for_status()
            eventually(lambda: sum(two.get("/experiments/weights").json()["units"].values()) == 8)
            assert len(one.get("/bundles", headers=KEY).json()["workers"]) == 2
        assert sum(node.dbsize() for node in nodes) > len([node for node in nodes if node.dbsize()]) > 1


@pytest.mark.parametrize(
    "url", ["http://host", "redis+sentinel://host:1", "redis+cluster://host/0", "redis+sentinel://host/s/x"]
)
def test_urls_of_no_known_form(url: str) -> None:
    with pytest.raises(BadParameter, match="REDIS_URL"):
        read_settings(redis_url=url)
