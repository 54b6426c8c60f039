"""Spans and metrics of a job, as OpenTelemetry's own SDK sees them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from headpond.pipeline.job import JobSettings
from headpond.pipeline.telemetry import OpenTelemetry, Telemetry, telemetry
from tests.cli.conftest import PIPELINE
from tests.pipeline.conftest import Build
from tests.pipeline.pipelines import QUICK, RECORDS, SETTINGS, turn

pytest.importorskip("opentelemetry.sdk", reason="the SDK is not installed: pip install 'headpond[otel]'")

from opentelemetry import metrics, trace
from opentelemetry.metrics import _internal as metrics_internal
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter


class Seen:
    """What the SDK was told."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.reader = InMemoryMetricReader()
        self.spans = TracerProvider()
        self.spans.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.numbers = MeterProvider([self.reader])

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.exporter.get_finished_spans() if span.name == name]

    def points(self, name: str) -> list[Any]:
        data = self.reader.get_metrics_data()
        assert data is not None
        every = [one for resource in data.resource_metrics for scope in resource.scope_metrics for one in scope.metrics]
        return [point for one in every if one.name == name for point in one.data.data_points]


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Seen]:
    """Providers for one test; the API lets them be set once in a process, so they are put in their places here."""
    made = Seen()
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", made.spans)
    monkeypatch.setattr(metrics_internal, "_METER_PROVIDER", made.numbers)
    yield made
    made.spans.shutdown()
    made.numbers.shutdown()


def parent_of(span: ReadableSpan) -> int | None:
    return span.parent.span_id if span.parent is not None else None


def test_spans_hang_together(build: Build, seen: Seen) -> None:
    settings = JobSettings(pace=SETTINGS.pace, retry=QUICK, window=10)
    build().ingest([{"body": f"text {n}"} for n in range(40)], settings=settings)
    (job,) = seen.named("headpond.job")
    batches = seen.named("headpond.batch")
    assert len(batches) == 4
    assert {parent_of(batch) for batch in batches} == {job.context.span_id}
    asked = seen.named("headpond.inference")
    assert asked
    assert {parent_of(span) for span in asked} <= {batch.context.span_id for batch in batches}
    assert sum(span.attributes["headpond.texts"] for span in asked if span.attributes) == 80
    bulks = seen.named("headpond.bulk")
    assert {parent_of(bulk) for bulk in bulks} == {job.context.span_id}
    assert sum(bulk.attributes["headpond.records"] for bulk in bulks if bulk.attributes) == 40
    # The official client's own spans hang below ours.
    assert {parent_of(span) for span in seen.named("bulk")} == {bulk.context.span_id for bulk in bulks}
    assert job.attributes is not None
    assert job.attributes["headpond.records.indexed"] == 40
    assert job.attributes["headpond.pipeline"] == "standard"


def test_metrics_count_what_the_report_counts(build: Build, seen: Seen) -> None:
    report = build().ingest([*RECORDS, {"_id": "empty"}], settings=SETTINGS)
    by_outcome = {point.attributes["outcome"]: point.value for point in seen.points("headpond.records")}
    assert by_outcome == {"indexed": 3, "dead_lettered": 1}
    assert sum(point.value for point in seen.points("headpond.inference.tokens")) == report.inference.tokens
    assert sum(point.count for point in seen.points("headpond.inference.duration")) == report.inference.requests
    assert {point.attributes["headpond.inference_id"] for point in seen.points("headpond.inference.concurrency")} >= {
        "dense",
        "sparse",
    }


def test_a_failed_request_says_so_in_its_span_and_shows_no_text(build: Build, seen: Seen) -> None:
    made = build()
    made.apply()
    turn(made.client, "dense", status=503, fail_first_n=1, retry=False)
    made.ingest(RECORDS, settings=SETTINGS)
    failed = [span for span in seen.named("headpond.inference") if not span.status.is_ok]
    assert len(failed) >= 1
    assert any("error.type" in point.attributes for point in seen.points("headpond.inference.duration"))
    said = " ".join(str(span.attributes) for span in seen.exporter.get_finished_spans() if "headpond" in span.name)
    assert "wheel" not in said


def test_without_a_provider_nobody_is_told() -> None:
    assert type(telemetry()) is Telemetry


def test_with_one_it_is(seen: Seen) -> None:
    assert isinstance(telemetry(), OpenTelemetry)
    assert metrics.get_meter_provider() is seen.numbers


def test_the_command_sends_where_the_environment_says(tmp_path: Path) -> None:
    paths: list[str] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            paths.append(self.path)
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        (tmp_path / "mill.yaml").write_text(PIPELINE)
        (tmp_path / "a.jsonl").write_text('{"_id": "1", "body": "a mill"}\n')
        environment = {
            **os.environ,
            "HEADPOND_HOME": str(tmp_path / "home"),
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
        }
        done = subprocess.run(
            [sys.executable, "-m", "headpond", "ingest", "mill.yaml", "a.jsonl"],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert done.returncode == 0, done.stderr
    assert set(paths) == {"/v1/traces", "/v1/metrics"}
