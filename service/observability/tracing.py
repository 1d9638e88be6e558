"""OpenTelemetry traces: one span for a search and one below it for each stage. Off unless a collector is set.

Spans are made when a search is done, from the times its stages took, so that nothing is traced while it computes; they
are sent by a thread of their own. A request's `traceparent` (W3C Trace Context) makes the search part of its trace.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from trimtab.core.errors import BadInput
from trimtab.service.search.records import SearchCompleted

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
    from opentelemetry.util.types import AttributeValue

SERVICE_NAME = "trimtab"
NANOSECONDS = 1_000_000_000


class Tracing:
    """Traces searches; without a provider it does nothing."""

    def __init__(self, provider: TracerProvider | None) -> None:
        self._provider = provider
        self._tracer = None if provider is None else provider.get_tracer(SERVICE_NAME)

    def on_search(self, completed: SearchCompleted) -> None:
        """Trace a search that is being answered."""
        if self._tracer is None:
            return
        from opentelemetry.trace import set_span_in_context  # noqa: PLC0415  # an extra
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415  # an extra

        slate, traceparent = completed.slate, completed.search.traceparent
        now, clock = time.time_ns(), time.perf_counter()
        parent = TraceContextTextMapPropagator().extract({"traceparent": traceparent}) if traceparent else None
        attributes: dict[str, AttributeValue] = {
            "trimtab.decision_id": slate.decision_id,
            "trimtab.bundle": slate.bundle,
            "trimtab.n_candidates": slate.n_candidates,
            "trimtab.degraded": list(slate.degraded),
        }
        arrived = now - _ns(clock - completed.search.arrived)
        span = self._tracer.start_span("search", parent, attributes=attributes, start_time=arrived)
        if span.is_recording():
            below = set_span_in_context(span)
            chosen = now - _ns(clock - completed.chosen_at)
            at = chosen - _ns(slate.seconds["total"])
            for stage, spent in slate.seconds.items():
                if stage != "total":
                    self._tracer.start_span(stage, below, start_time=at).end(min(at := at + _ns(spent), chosen))
            self._tracer.start_span("respond", below, start_time=chosen).end(now)
        span.end(now)

    def close(self) -> None:
        """Send what is not sent yet."""
        if self._provider is not None:
            self._provider.shutdown()


def tracing(url: str | None, *, share: float) -> Tracing:
    """Traces a share of the searches (all of a trace that is sampled already) and sends them to an OTLP collector.

    Args:
        url: OTLP over HTTP, for example `http://collector:4318/v1/traces`; None traces nothing.

    Raises:
        BadInput: the packages are not installed.
    """
    if url is None:
        return Tracing(None)
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415  # an extra
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415  # an extra
    except ImportError:
        raise BadInput("TRIMTAB_TRACES_URL needs more packages: pip install 'trimtab[otel]'") from None
    return Tracing(provider(BatchSpanProcessor(OTLPSpanExporter(url)), share=share))


def provider(processor: SpanProcessor, *, share: float) -> TracerProvider:
    """Hands the spans of a share of the traces to a processor."""
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415  # an extra
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415  # an extra
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased  # noqa: PLC0415  # an extra

    made = TracerProvider(
        sampler=ParentBased(TraceIdRatioBased(share)),
        resource=Resource.create({"service.name": SERVICE_NAME}),
        shutdown_on_exit=False,
    )
    made.add_span_processor(processor)
    return made


def _ns(seconds: float) -> int:
    return int(seconds * NANOSECONDS)
