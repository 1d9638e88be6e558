"""Searches as OpenTelemetry traces: a span a stage, part of the caller's trace, off unless asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.support.services import serving
from trimtab.service import bootstrap
from trimtab.service.observability.tracing import Tracing, provider
from trimtab.service.settings import Settings

TRACE = "0af7651916cd43dd8448eb211c80319c"
SAMPLED = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """Receives what the service traces, in the place of a collector: that it is another process is not our part."""
    exporter = InMemorySpanExporter()

    def in_memory(_: str | None, *, share: float) -> Tracing:
        return Tracing(provider(SimpleSpanProcessor(exporter), share=share))

    monkeypatch.setattr(bootstrap, "tracing", in_memory)
    return exporter


def by_name(exporter: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in exporter.get_finished_spans()}


def test_a_search_is_a_span_with_its_stages_in_the_callers_trace(
    small_bundle: Path, tmp_path: Path, exporter: InMemorySpanExporter
) -> None:
    settings = Settings(bundle=small_bundle, data_folder=tmp_path, traces_sample_ratio=0)
    with serving(settings) as client:
        assert client.get("/search", params={"q": "soup"}).status_code == 200
        assert exporter.get_finished_spans() == (), "a share of none traces what is traced already, and nothing else"
        answer = client.post("/search", json={"q": "ice cream"}, headers=SAMPLED).json()
    spans = by_name(exporter)
    search = spans.pop("search")
    assert list(spans) == ["understand", "retrieve", "featurise", "rank", "choose", "respond"]
    assert search.attributes is not None
    assert search.attributes["trimtab.decision_id"] == answer["decision_id"]
    assert f"{search.context.trace_id:032x}" == TRACE
    at = search.start_time
    for span in spans.values():
        assert span.parent is not None
        assert span.parent.span_id == search.context.span_id
        assert at <= span.start_time <= span.end_time <= search.end_time
        at = span.end_time


def test_a_share_of_all_traces_every_search(small_bundle: Path, tmp_path: Path, exporter: InMemorySpanExporter) -> None:
    with serving(Settings(bundle=small_bundle, data_folder=tmp_path, traces_sample_ratio=1)) as client:
        for query in ("soup", "pasta"):
            client.get("/search", params={"q": query, "user_id": "1"}, headers={"traceparent": "nonsense"})
    searches = [span for span in exporter.get_finished_spans() if span.name == "search"]
    assert len(searches) == 2
    assert {span.attributes["trimtab.degraded"] for span in searches if span.attributes} == {("live_features",)}
