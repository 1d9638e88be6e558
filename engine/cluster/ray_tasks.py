"""Tasks on a Ray cluster. The only place that knows Ray.

A task whose node is lost is run again on another, and what it had made is made again. Workers compute on one thread
each; scale by workers.
"""

from __future__ import annotations

import logging
import socket
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

from trimtab.core.errors import BadInput, BadParameter, Unavailable
from trimtab.core.work.tasks import Failure, Item, Result, Shared, attempted

FORM = "auto, HOST:PORT of a running cluster, or how many workers to start on this machine"
MOST_RETRIES = 8
"""How often a task is begun again whose node is lost."""
CONNECT_SECONDS = 5.0
UNDER_WAY = 2
"""Tasks under way for each worker, so that none waits for the next one to be sent."""
THREADS = ("OMP", "OPENBLAS", "MKL", "NUMBA")
ONE_THREAD = {**dict.fromkeys((f"{one}_NUM_THREADS" for one in THREADS), "1"), "POLARS_MAX_THREADS": "1"}


class RayTasks:
    """Tasks on the cluster that this process is connected to."""

    def __init__(self, ray: Any) -> None:
        self._ray = ray

    @property
    def is_here(self) -> bool:
        """They run in processes of their own."""
        return False

    def map(self, task: Callable[[Shared, Item], Result], shared: Shared, items: Iterable[Item]) -> Iterator[Result]:
        """The results, in the order of the items.

        Raises:
            TrimtabError: the one that a task raised.
            Unavailable: a node lacks the package, or all are lost.
        """
        ray = self._ray
        remote = ray.remote(attempted).options(num_cpus=1, max_retries=MOST_RETRIES)
        left = iter(items)
        waiting: deque[Any] = deque()
        try:
            sent = ray.put(shared)
            while True:
                n_free = max(UNDER_WAY * self._n_workers() - len(waiting), 0 if waiting else 1)
                waiting.extend(remote.remote(task, sent, item) for item in islice(left, n_free))
                if not waiting:
                    return
                found = ray.get(waiting.popleft())
                if isinstance(found, Failure):
                    raise found.error()
                yield found
        except ray.exceptions.RayError as error:
            raise _sentence(error) from error
        finally:
            for one in waiting:
                ray.cancel(one, force=True)

    def nodes(self) -> list[dict[str, Any]]:
        """The nodes that there are or were, as Ray describes them."""
        nodes: list[dict[str, Any]] = self._ray.nodes()
        return nodes

    def _n_workers(self) -> int:
        return max(int(self._ray.cluster_resources().get("CPU", 1)), 1)


@contextmanager
def ray_tasks(address: str) -> Iterator[RayTasks]:
    """Connect to a cluster, or start one on this machine that ends with the block.

    Args:
        address: see `FORM`.

    Raises:
        BadInput: ray is not installed.
        BadParameter: it is not an address.
        Unavailable: no cluster is there.
    """
    try:
        import ray  # noqa: PLC0415  # an extra
    except ModuleNotFoundError:
        raise BadInput("--ray needs ray: pip install 'trimtab[ray]'") from None
    options: dict[str, Any] = {
        "include_dashboard": False,
        "log_to_driver": False,
        "logging_level": logging.CRITICAL,
        "configure_logging": False,
        "runtime_env": {"env_vars": ONE_THREAD},
    }
    if address.isdecimal():
        if int(address) == 0:
            raise BadParameter("--ray", "a cluster without a worker", FORM)
        options["num_cpus"] = int(address)
    else:
        _require_address(address)
        options["address"] = address
        del options["include_dashboard"]
    try:
        ray.init(**options)
    except (ConnectionError, RuntimeError, ValueError, TimeoutError, ray.exceptions.RayError) as error:
        raise Unavailable(f"--ray {address}: no Ray cluster answers there") from error
    try:
        yield RayTasks(ray)
    finally:
        ray.shutdown()


def _require_address(address: str) -> None:
    """Check that somebody listens there: Ray itself would try for minutes."""
    host, _, port = address.rpartition(":")
    if address == "auto":
        return
    if not host or not port.isdecimal():
        raise BadParameter("--ray", f"cannot read {address!r}", FORM)
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise Unavailable(f"--ray {address}: no Ray cluster answers there") from error


def _sentence(error: BaseException) -> Unavailable:
    """A cluster's error for a reader."""
    text = str(error)
    if "No module named" in text:
        module = text.partition("No module named")[2].split()[0].strip("'\".,;")
        return Unavailable(f"a node of the Ray cluster has no module {module}: install the same trimtab on every node")
    last = text.strip().splitlines()[-1] if text.strip() else type(error).__name__
    return Unavailable(f"the Ray cluster could not finish: {last}")
