"""Spans and metrics of a job for OpenTelemetry: job > batch > inference, job > bulk. No provider, no cost.

The official client makes its own span for each call to the target; those hang below these. One request of inference
may hold texts of several batches: its span hangs below the batch that set it off.
Names follow the semantic conventions of OpenTelemetry (`gen_ai.*`) where they have one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from headpond.errors import MissingExtraError

if TYPE_CHECKING:
    from headpond.pipeline.report import Snapshot

SCOPE = "headpond"
_CONFIGURED_BY = (
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
)
_OUTCOMES = ("indexed", "unchanged", "dead_lettered")


class Telemetry:
    """What a job tells; this one tells nobody."""

    def job(self, pipeline: str, index: str) -> AbstractContextManager[None]:
        """Around the whole job."""
        return nullcontext()

    def batch(self, records: int) -> AbstractContextManager[None]:
        """Around the processors' work on a window of records."""
        return nullcontext()

    def inference(self, inference_id: str, texts: int, tokens: int) -> AbstractContextManager[None]:
        """Around one inference request."""
        return nullcontext()

    def bulk(self, records: int, size: int) -> AbstractContextManager[None]:
        """Around one bulk request and its repetitions."""
        return nullcontext()

    def tell(self, snapshot: Snapshot) -> None:
        """How far the job is."""


class OpenTelemetry(Telemetry):
    """Tells OpenTelemetry's global providers."""

    def __init__(self) -> None:
        from opentelemetry import context, metrics, trace

        self._trace, self._context = trace, context
        self._tracer = trace.get_tracer(SCOPE)
        meter = metrics.get_meter(SCOPE)
        self._records = meter.create_counter("headpond.records", "{record}", "Records by their end.")
        self._tokens = meter.create_counter("headpond.inference.tokens", "{token}", "Tokens that inference cost.")
        self._retries = meter.create_counter("headpond.retries", "{call}", "Calls that were made again.")
        self._duration = meter.create_histogram("headpond.inference.duration", "s", "How long inference requests took.")
        self._concurrency = meter.create_gauge("headpond.inference.concurrency", "{request}", "Requests at a time.")
        self._parent: Any = None
        self._told: dict[str, int] = {}

    @contextmanager
    def job(self, pipeline: str, index: str) -> Iterator[None]:
        """Around the whole job."""
        attributes = {"headpond.pipeline": pipeline, "elasticsearch.index": index}
        with self._tracer.start_as_current_span("headpond.job", attributes=attributes) as span:
            self._parent = self._context.get_current()
            yield
            for name in _OUTCOMES:
                span.set_attribute(f"headpond.records.{name}", self._told.get(name, 0))

    def batch(self, records: int) -> AbstractContextManager[None]:
        """Around the processors' work on a window of records."""
        return self._span("headpond.batch", {"headpond.records": records}, self._parent)

    def bulk(self, records: int, size: int) -> AbstractContextManager[None]:
        """Around one bulk request and its repetitions."""
        return self._span("headpond.bulk", {"headpond.records": records, "headpond.bytes": size}, self._parent)

    @contextmanager
    def inference(self, inference_id: str, texts: int, tokens: int) -> Iterator[None]:
        """Around one inference request."""
        attributes: dict[str, Any] = {"headpond.inference_id": inference_id}
        began = time.monotonic()
        known = self._trace.get_current_span().get_span_context().is_valid
        counts = {"headpond.texts": texts, "gen_ai.usage.input_tokens": tokens}
        try:
            with self._span("headpond.inference", {**attributes, **counts}, None if known else self._parent):
                yield
        except BaseException as error:
            attributes["error.type"] = type(error).__name__
            raise
        finally:
            self._duration.record(time.monotonic() - began, attributes)

    def tell(self, snapshot: Snapshot) -> None:
        """Counts what came since the last snapshot."""
        for name in _OUTCOMES:
            if grown := self._grown(name, getattr(snapshot, name)):
                self._records.add(grown, {"outcome": name})
        if grown := self._grown("tokens", snapshot.inference.tokens or 0):
            self._tokens.add(grown)
        if grown := self._grown("retries", snapshot.inference.retries):
            self._retries.add(grown)
        for inference_id, number in snapshot.concurrency.items():
            self._concurrency.set(number, {"headpond.inference_id": inference_id})

    def _grown(self, name: str, now: int) -> int:
        before = self._told.get(name, 0)
        self._told[name] = now
        return max(0, now - before)

    @contextmanager
    def _span(self, name: str, attributes: dict[str, Any], parent: Any) -> Iterator[None]:
        with self._tracer.start_as_current_span(name, context=parent, attributes=attributes):
            yield


def telemetry() -> Telemetry:
    """What a job tells: nobody, as long as no provider of spans or metrics is set."""
    try:
        from opentelemetry import metrics, trace
    except ImportError:
        return Telemetry()
    # The providers of the API itself pass everything on to nobody.
    providers = (trace.get_tracer_provider(), metrics.get_meter_provider())
    if all(_is_of_the_api(provider) for provider in providers):
        return Telemetry()
    return OpenTelemetry()


def _is_of_the_api(provider: Any) -> bool:
    home = type(provider).__module__
    return home.startswith("opentelemetry.") and not home.startswith("opentelemetry.sdk")


def configure() -> Callable[[], None]:
    """Sets providers that send where `OTEL_EXPORTER_OTLP_*` says; does nothing without, or when there are some.

    Returns:
        What sends the rest and closes them.

    Raises:
        MissingExtraError: a place is named, and the extra `otel` is not installed.
    """
    wanted = any(os.environ.get(name) for name in _CONFIGURED_BY)
    if not wanted or os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return lambda: None
    try:
        from opentelemetry import metrics, trace
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise MissingExtraError("sending telemetry", "otel", "opentelemetry-sdk") from None
    if not _is_of_the_api(trace.get_tracer_provider()):
        return lambda: None
    resource = Resource.create({"service.name": os.environ.get("OTEL_SERVICE_NAME", SCOPE)})
    spans = TracerProvider(resource=resource)
    spans.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    numbers = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())], resource=resource)
    trace.set_tracer_provider(spans)
    metrics.set_meter_provider(numbers)

    def close() -> None:
        spans.shutdown()
        numbers.shutdown()

    return close
