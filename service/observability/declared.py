"""Metrics as attributes of a class: what each is called, what it means and which labels part it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

M = TypeVar("M", Counter, Gauge, Histogram)

BUCKETS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
"""Bounds in seconds: a stage takes a fraction of a millisecond, a request that waits for a lost Redis tens of them."""


class Declared(Generic[M]):
    """An attribute of a `MetricSet`: the metric of its name, which each set makes for itself."""

    def __init__(self, kind: type[M], meaning: str, labels: Sequence[str], **options: Any) -> None:
        self._kind: type[M] = kind
        self._meaning, self._labels, self._options = meaning, labels, options

    def __set_name__(self, owner: type[MetricSet], name: str) -> None:
        self._name = name

    def __get__(self, metrics: MetricSet, owner: type[MetricSet]) -> M:
        made: M = self._kind(
            self._name,
            self._meaning,
            self._labels,
            namespace="trimtab",
            subsystem=metrics.subsystem,
            registry=metrics.registry,
            **self._options,
        )
        vars(metrics)[self._name] = made  # from now on found without this method
        return made


class MetricSet:
    """Metrics of one registry, named `trimtab_<attribute>`, or `trimtab_<subsystem>_<attribute>`, on `/metrics`."""

    subsystem = ""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        for name, declared in vars(type(self)).items():
            if isinstance(declared, Declared):  # an alarm needs a series before the first fault
                getattr(self, name)


def counter(meaning: str, *labels: str) -> Declared[Counter]:
    """What is added up."""
    return Declared(Counter, meaning, labels)


def gauge(meaning: str, *labels: str, multiprocess_mode: str = "mostrecent") -> Declared[Gauge]:
    """What rises and falls; the mode says which of several workers' values counts."""
    return Declared(Gauge, meaning, labels, multiprocess_mode=multiprocess_mode)


def histogram(meaning: str, *labels: str, buckets: Sequence[float] = BUCKETS) -> Declared[Histogram]:
    """What is counted by how large it is, by default in seconds."""
    return Declared(Histogram, meaning, labels, buckets=buckets)
