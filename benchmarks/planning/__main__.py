"""How many shards, replicas and machines a catalogue and a load need, and what they cost.

    python -m benchmarks.planning --items 100e6 --searches 10000

Of all sizes of shards the cheapest is taken whose searches, simulated with one machine of each shard away, are answered
in time. Prices are assumptions of the command line.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

import numpy as np

from benchmarks.planning.costs import MILLION, Costs
from benchmarks.planning.simulation import Load, answered

HOURS_A_MONTH = 730
SECONDS_A_DAY = 86_400
SHARD_SIZES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Millions of items."""
MOST_BUSY = 0.75
"""The share of a worker's time above which nothing is simulated: queues grow without an end not far from it."""
N_SIMULATED = 20_000
SPARE_GIB = 2.0
"""Memory of a machine that is nobody's."""


@dataclass(frozen=True)
class Machine:
    """
    Attributes:
        price_a_month: of a core and of a GiB of memory.
    """

    cores: int
    core_a_month: float
    gib_a_month: float


@dataclass(frozen=True)
class Plan:
    """
    Attributes:
        replicas: machines of each shard, of which one may be away.
        p50, p99: milliseconds of a search, with one machine of each shard away.
        gib: memory of a machine.
        cost: of all machines a month.
    """

    shard_items: float
    n_shards: int
    replicas: int
    p50: float
    p99: float
    busy: float
    gib: float
    cost: float
    cores: int


def plans(costs: Costs, n_items: float, searches_per_second: float, p99_ms: float, machine: Machine) -> Iterator[Plan]:
    """For each size of shards the fewest replicas that answer in time, where any do."""
    for millions in SHARD_SIZES:
        n_shards = ceil(n_items / (millions * MILLION))
        shard_items = n_items / n_shards
        median = costs.search_ms.at(shard_items) + costs.answer_ms
        gib = ceil(SPARE_GIB + costs.shared_gib.at(shard_items) + machine.cores * costs.own_gib.at(shard_items))
        least = Load(searches_per_second, n_shards, machine.cores, median, costs.shape).busy / MOST_BUSY
        for there in _growing(max(1, ceil(least))):
            load = Load(searches_per_second, n_shards, machine.cores * there, median, costs.shape)
            times = answered(load, N_SIMULATED)[N_SIMULATED // 10 :]
            p50, p99 = np.quantile(times, [0.5, 0.99]).tolist()
            if p99 <= p99_ms:
                replicas = there + 1
                cost = n_shards * replicas * (machine.cores * machine.core_a_month + gib * machine.gib_a_month)
                yield Plan(shard_items, n_shards, replicas, p50, p99, load.busy, gib, cost, machine.cores)
                break


def _growing(least: int) -> Iterator[int]:
    """Numbers of replicas that are worth a try: where four times as many do not help, nobody waits for a turn."""
    n = least
    while n <= 4 * least + 4:
        yield n
        n = max(n + 1, n * 9 // 8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=float, default=100e6)
    parser.add_argument("--searches", type=float, default=10_000, help="a second, at the peak")
    parser.add_argument("--mean-searches", type=float, help="a second, over the day; a third of the peak by default")
    parser.add_argument("--p99-ms", type=float, default=100.0)
    parser.add_argument("--cores", type=int, default=16, help="of a machine, a worker each")
    parser.add_argument("--core-hour", type=float, default=0.04, help="price of a core an hour")
    parser.add_argument("--gib-hour", type=float, default=0.005, help="price of a GiB of memory an hour")
    arguments = parser.parse_args()
    costs = Costs.read()
    machine = Machine(arguments.cores, arguments.core_hour * HOURS_A_MONTH, arguments.gib_hour * HOURS_A_MONTH)
    write = sys.stdout.write
    write(
        "| items a shard | shards | machines of each | cores | GiB a machine | busy | p50, ms | p99, ms | a month |\n"
    )
    write("|---|---|---|---|---|---|---|---|---|\n")
    found = list(plans(costs, arguments.items, arguments.searches, arguments.p99_ms, machine))
    for plan in found:
        best = "**" if plan is min(found, key=lambda one: one.cost) else ""
        write(
            f"| {plan.shard_items / MILLION:.1f} M | {plan.n_shards} | {plan.replicas} "
            f"| {plan.n_shards * plan.replicas * plan.cores:,} | {plan.gib:.0f} | {plan.busy:.0%} | {plan.p50:.0f} "
            f"| {plan.p99:.0f} | {best}{plan.cost:,.0f}{best} |\n"
        )
    if not found:
        write(f"no size of shards answers 99 of 100 searches in {arguments.p99_ms:g} ms\n")
    a_day = (arguments.mean_searches or arguments.searches / 3) * SECONDS_A_DAY
    write(
        f"\nbuild: {costs.build_s.at(arguments.items) / 3600:,.0f} hours of a core; bundles: "
        f"{costs.disk_gib.at(arguments.items):,.0f} GiB; log: {a_day * costs.impression_bytes / 2**30:,.0f} GiB a day; "
        f"a replay of a day: {a_day * costs.impression_ms / 3.6e6:,.0f} hours of a core\n"
    )


if __name__ == "__main__":
    main()
