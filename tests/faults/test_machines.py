"""Three machines with one catalogue: killed, frozen and cut off from Redis, they lose nothing and end up equal."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

from tests.support.processes import is_ready, process
from tests.support.redis_servers import RedisProcess, running_redis
from tests.support.waiting import eventually

KEY = {"Authorization": "Bearer sesame"}
AT_LEAST = 5
"""Changes that are acknowledged while something is wrong, where some machine can take any."""
PAUSE_SECONDS = 0.05
"""Between two changes of a sender, so that the machines have time for other things."""


class ShopMachine:
    """One service process, which can be killed and started again on its data folder."""

    def __init__(self, name: str, settings: dict[str, object], folder: Path) -> None:
        self.name, self._settings = name, settings
        self._data_folder, self._bundles = folder / name, folder / f"bundles-{name}"
        self._stack = ExitStack()

    def start(self) -> None:
        started = process(
            Path(str(self._settings["bundle"])),
            self._data_folder,
            bundle_folder=self._bundles,
            **{name: value for name, value in self._settings.items() if name != "bundle"},
        )
        self._process, self.client = self._stack.enter_context(started)
        eventually(lambda: is_ready(self.client))

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self._stack.close()

    def stop(self) -> None:
        self._stack.close()

    def put(self, item_id: str, price: float) -> int | None:
        """The catalogue's version where the change is acknowledged."""
        item = {"item_id": item_id, "title": f"Quince sorbet {item_id}", "price": price}
        try:
            answer = self.client.put("/items", json=item, headers=KEY)
        except (httpx.TransportError, RuntimeError):
            return None
        assert answer.status_code in {200, 503}, answer.text
        return int(answer.json()["version"]) if answer.status_code == 200 else None

    def state(self) -> tuple[str, int, list[Any]]:
        """What it serves: the bundle, the version by a change that changes nothing, and slates."""
        bundle = self.client.get("/readyz").json()["bundle"]
        hits = [self.search(text) for text in ("quince sorbet", "ice cream")]
        known = self.client.get("/items/start").json()
        version = self.client.put("/items", json={"item_id": "start", "title": known["title"]}, headers=KEY)
        return bundle, version.json().get("version", -1), hits

    def search(self, text: str) -> list[tuple[str, float]]:
        answer = self.client.get("/search", params={"q": text, "k": 50, "timeout_ms": 10_000}).raise_for_status()
        return [(hit["item_id"], hit["score"]) for hit in answer.json()["hits"]]


@dataclass
class Sender:
    """Changes items at one machine, each twice, and again until that is acknowledged."""

    machine: ShopMachine
    acknowledged: dict[str, float] = field(default_factory=dict)
    n: int = 0
    _stopping: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self._stopping.wait(PAUSE_SECONDS):
            item_id, price = f"{self.machine.name}-{self.n // 2}", 1.0 + self.n
            if self.machine.put(item_id, price) is not None:
                self.acknowledged[item_id] = price
                self.n += 1

    @contextmanager
    def sending(self) -> Iterator[None]:
        self._stopping.clear()
        thread = threading.Thread(target=self.run)
        thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            thread.join()


@dataclass(frozen=True)
class Shop:
    """The machines, their Redis, and those who change items."""

    machines: Sequence[ShopMachine]
    redis: RedisProcess
    senders: Sequence[Sender]

    def after_changes(self, senders: Sequence[Sender]) -> None:
        """Wait until each of them had some acknowledged."""
        wanted = [sender.n + AT_LEAST for sender in senders]
        eventually(lambda: all(sender.n >= n for sender, n in zip(senders, wanted, strict=True)))

    def require_equal(self) -> None:
        """Wait until all serve the same, and check that it has everything that was acknowledged."""
        states: list[Any] = []

        def is_equal() -> bool:
            states[:] = [machine.state() for machine in self.machines]
            return states[0] == states[1] == states[2]

        with suppress(AssertionError):
            eventually(is_equal)
        assert states[0] == states[1] == states[2]
        for sender in self.senders:
            for item_id, price in sender.acknowledged.items():
                for machine in self.machines:
                    # One that was sent last may be there without an acknowledgement.
                    assert machine.client.get(f"/items/{item_id}").json()["price"] in {price, price + 1}


def kill_a_machine(shop: Shop, random: Random) -> None:
    victim = random.randrange(3)
    shop.machines[victim].kill()
    shop.after_changes([sender for n, sender in enumerate(shop.senders) if n != victim])
    shop.machines[victim].start()


def freeze_a_machine(shop: Shop, random: Random) -> None:
    victim = random.randrange(3)
    shop.machines[victim].signal(signal.SIGSTOP)
    shop.after_changes([sender for n, sender in enumerate(shop.senders) if n != victim])
    shop.machines[victim].signal(signal.SIGCONT)


def kill_redis(shop: Shop, random: Random) -> None:
    shop.redis.kill()
    for machine in shop.machines:
        assert machine.search("quince sorbet")
        assert machine.put("nobody", 1.0) is None
    shop.redis.start()


def freeze_redis(shop: Shop, random: Random) -> None:
    shop.redis.signal(signal.SIGSTOP)
    for machine in shop.machines:
        assert machine.search("quince sorbet")
    shop.redis.signal(signal.SIGCONT)


def empty_redis(shop: Shop, random: Random) -> None:
    with shop.redis.client() as client:
        client.flushall()


def kill_a_machine_and_redis(shop: Shop, random: Random) -> None:
    victim = random.randrange(3)
    shop.machines[victim].kill()
    shop.redis.kill()
    shop.redis.start()
    shop.machines[victim].start()


FAULTS: Sequence[Callable[[Shop, Random], None]] = (
    freeze_a_machine,
    kill_redis,
    kill_a_machine,
    freeze_redis,
    kill_a_machine_and_redis,
    empty_redis,
)


@contextmanager
def three_machines(bundle: Path, folder: Path, **settings: object) -> Iterator[Shop]:
    (folder / "redis").mkdir()
    with running_redis(folder / "redis", "--appendfsync", "always") as redis, ExitStack() as stack:
        given = {
            "bundle": bundle,
            "redis_url": redis.url,
            "catalogue_redis_url": redis.url,
            "shared_folder_url": f"file://{folder}/shared",
            "admin_key": "sesame",
            **settings,
        }
        machines = [ShopMachine(name, given, folder) for name in "abc"]
        for machine in machines:
            stack.callback(machine.stop)
            machine.start()
        eventually(lambda: machines[0].put("start", 1.0))
        yield Shop(machines, redis, [Sender(machine) for machine in machines])


@pytest.mark.parametrize("n_rounds", [1, pytest.param(20, marks=pytest.mark.slow)])
def test_nothing_acknowledged_is_lost_and_all_end_equal(n_rounds: int, small_bundle: Path, tmp_path: Path) -> None:
    random = Random(n_rounds)
    rebuild_after_items = 0 if n_rounds < 20 else 200
    with three_machines(small_bundle, tmp_path, rebuild_after_items=rebuild_after_items) as shop:
        for number in range(n_rounds):
            with ExitStack() as stack:
                for sender in shop.senders:
                    stack.enter_context(sender.sending())
                FAULTS[number % len(FAULTS)](shop, random)
                shop.after_changes(shop.senders)
            shop.require_equal()
