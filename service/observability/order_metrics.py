"""Metrics of the order of changes to the catalogue, which several machines may share."""

from __future__ import annotations

from functools import partial

from prometheus_client import CollectorRegistry, Gauge

_gauge = partial(Gauge, namespace="trimtab", subsystem="catalogue_order")


class OrderMetrics:
    """The metrics; each attribute is one of them, named `trimtab_catalogue_order_<attribute>` on `/metrics`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.up = _gauge(
            "up",
            "Whether changes can be kept in step with those of other machines (1), also where there are none.",
            multiprocess_mode="livemin",
            registry=registry,
        )
        self.durable = _gauge(
            "durable",
            "Whether what gives changes their order keeps each before it answers (1), as far as it says.",
            multiprocess_mode="livemin",
            registry=registry,
        )
        self.behind = _gauge(
            "behind",
            "Changes of other machines that this one does not have yet.",
            multiprocess_mode="livemax",
            registry=registry,
        )
        self.up.set(1)
        self.durable.set(1)
