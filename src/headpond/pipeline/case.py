"""Runs the `tests:` of a pipeline on any target, in an index and with endpoints of their own that are removed again."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch

from headpond.errors import HeadpondError
from headpond.pipeline.embedder import Pace
from headpond.pipeline.ingest import ingest
from headpond.pipeline.job import JobSettings
from headpond.pipeline.load import build
from headpond.pipeline.query.search import search
from headpond.pipeline.query.searcher import Searcher
from headpond.pipeline.query.searches import Answer, IndexSearches
from headpond.pipeline.references import SECTIONS, references
from headpond.pipeline.retry import Retry
from headpond.pipeline.spec import Case, Expectation, PipelineFile, PipelineSpec
from headpond.stages.response import RESPONSE_PROCESSORS

_QUICK = Retry(attempts=3, base=0.05, longest=0.2)
_PATIENCE = "120s"
"""Deadline of every stage in a test: what comes out is tested, not how fast this machine is."""


@dataclass(frozen=True, slots=True)
class CaseResult:
    """The outcome of one test.

    Attributes:
        name: the test's name.
        failures: what did not hold, one line each; empty when it passed.
        hits: ids of the hits, best first.
        seconds: wall time.
    """

    name: str
    failures: tuple[str, ...]
    hits: tuple[str, ...]
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether everything held."""
        return not self.failures


def run_tests(spec: PipelineSpec, client: Elasticsearch) -> Iterator[CaseResult]:
    """Runs every test of a pipeline, one after the other."""
    for case in spec.file.tests:
        yield run_case(spec, case, client)


def run_case(spec: PipelineSpec, case: Case, client: Elasticsearch) -> CaseResult:
    """Ingests the test's documents, asks its query, and compares.

    Errors of the pipeline or of the target are failures of the test, with their message.
    """
    started = time.monotonic()
    mark = f"test-{secrets.token_hex(4)}"
    hits: tuple[str, ...] = ()
    try:
        own = renamed(spec, case, mark)
        try:
            failures, hits = _run(own, case, client, f"{mark}-{spec.name}")
        finally:
            _remove(own, client, f"{mark}-{spec.name}")
    except HeadpondError as error:
        failures = [str(error)]
    return CaseResult(case.name, tuple(failures), hits, time.monotonic() - started)


def renamed(spec: PipelineSpec, case: Case, mark: str) -> PipelineSpec:
    """The pipeline with endpoints of its own and patient stages.

    With `service: fake` all endpoints are served by it, the built-in ones too.
    """
    fake = case.served.service == "fake"
    data: dict[str, Any] = deepcopy(spec.file.model_dump(by_alias=True, exclude_unset=True))
    file = PipelineFile.model_validate(data)
    endpoints: dict[str, Any] = {}
    for name, body in data.get("endpoints", {}).items():
        endpoints[f"{mark}-{name}"] = {"task_type": body["task_type"], **_FAKE} if fake else body
    for reference in references(file, spec.where):
        name = reference.inference_id
        if name in spec.file.endpoints:
            reference.holder[reference.key] = f"{mark}-{name}"
        elif fake:
            own = f"{mark}-{name.strip('.')}"
            reference.holder[reference.key] = own
            endpoints[own] = {"task_type": _task_type(spec, name, reference.task_types), **_FAKE}
    kept = {key: getattr(file, key) for key in SECTIONS}
    data |= {key: value for key, value in kept.items() if value} | {"endpoints": endpoints, "tests": []}
    data.pop("deadline", None)
    for item in data.get("response_processors", []):
        for name, options in item.items():
            if "deadline" in RESPONSE_PROCESSORS.get(name).Spec.model_fields:
                options["deadline"] = _PATIENCE
    mapping = deepcopy(spec.mapping)
    data["index"] = {"mapping": dict(mapping)} if mapping is not None else {}
    return build(data, spec.where, name=spec.name, folder=None, known=spec.known)


_FAKE: dict[str, Any] = {"service": "fake", "service_settings": {}}


def _task_type(spec: PipelineSpec, name: str, fitting: frozenset[str]) -> str:
    """What a built-in endpoint does, told by all the places that name it."""
    for reference in references(spec.file, spec.where):
        if reference.inference_id == name:
            fitting &= reference.task_types
    return sorted(fitting)[-1]


def _run(spec: PipelineSpec, case: Case, client: Elasticsearch, index: str) -> tuple[list[str], tuple[str, ...]]:
    with TemporaryDirectory() as folder:
        letters = Path(folder) / "letters.jsonl"
        settings = JobSettings(
            use_cache=False,
            pace=Pace(retry=_QUICK, patience=0),
            retry=_QUICK,
            workers=1,
            writers=1,
            dead_letters=letters,
        )
        ingest(spec, [case.documents], client, index=index, settings=settings)
        if letters.exists():
            refused = (orjson.loads(line) for line in letters.read_bytes().splitlines())
            return [f"a document was refused: {letter['error']} (record {letter['line']})" for letter in refused], ()
    searches = IndexSearches(client, index)
    answer = search(Searcher(spec, client), searches, case.query, size=case.size, filter=case.filter)
    hits = tuple(hit["_id"] for hit in answer["hits"]["hits"])
    return list(_compare(case, hits, answer)), hits


def _compare(case: Case, hits: tuple[str, ...], answer: Answer) -> Iterator[str]:
    expect = case.expect
    shown = ", ".join(hits) or "nothing"
    if expect.first is not None and hits[:1] != (expect.first,):
        yield f"expected {expect.first} first, got {shown}"
    if expect.hits is not None and list(hits[: len(expect.hits)]) != expect.hits:
        yield f"expected {', '.join(expect.hits)}, got {shown}"
    for wanted in expect.contains:
        if wanted not in hits:
            yield f"expected {wanted} among the hits, got {shown}"
    for unwanted in expect.lacks:
        if unwanted in hits:
            yield f"did not expect {unwanted}, got {shown}"
    if expect.answer is not None or expect.cites:
        yield from _compare_written(expect, answer.get("ext", {}).get("completion"))
    for item in answer.get("degraded", ()):
        yield f"{item['stage']} degraded: {item['reason']}"


def _compare_written(expect: Expectation, written: Mapping[str, Any] | None) -> Iterator[str]:
    if written is None:
        yield "expected an answer in words, there is none"
        return
    if expect.answer is not None and expect.answer not in written["text"]:
        yield f"expected an answer with {expect.answer!r}, got {written['text']!r}"
    for wanted in expect.cites:
        if wanted not in written["cited"]:
            yield f"expected an answer that refers to {wanted}, it refers to {', '.join(written['cited']) or 'nothing'}"


def _remove(spec: PipelineSpec, client: Elasticsearch, index: str) -> None:
    with contextlib.suppress(ApiError, TransportError):
        client.indices.delete(index=index, ignore_unavailable=True)
    names: Mapping[str, Any] = spec.file.endpoints
    for name in names:
        with contextlib.suppress(ApiError, TransportError):
            client.inference.delete(inference_id=name)
