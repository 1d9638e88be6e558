"""Metrics of the order of changes to the catalogue, which several machines may share."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from trimtab.service.observability.declared import MetricSet, gauge


class OrderMetrics(MetricSet):
    """The metrics; each attribute is one of them, named `trimtab_catalogue_order_<attribute>` on `/metrics`."""

    subsystem = "catalogue_order"

    up = gauge(
        "Whether changes can be kept in step with those of other machines (1), also where there are none.",
        multiprocess_mode="livemin",
    )
    durable = gauge(
        "Whether what gives changes their order keeps each before it answers (1), as far as it says.",
        multiprocess_mode="livemin",
    )
    behind = gauge("Changes of other machines that this one does not have yet.", multiprocess_mode="livemax")

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__(registry)
        self.up.set(1)
        self.durable.set(1)
