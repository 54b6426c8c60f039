from __future__ import annotations

from typing import Any

import pytest
from elasticsearch import Elasticsearch

from headpond.pipeline.case import CaseResult
from tests.pipeline.conftest import Build
from tests.pipeline.pipelines import RECORDS, fake, standard


def run(build: Build, **changes: Any) -> CaseResult:
    case = {"name": "it holds", "documents": RECORDS, "query": "wheel of a mill", "expect": {}, **changes}
    (result,) = build(tests=[case]).test()
    return result


def test_what_holds_passes_with_the_pipelines_own_endpoints(es: Elasticsearch, build: Build) -> None:
    result = run(build, expect={"first": "mill", "hits": ["mill"], "contains": ["dam"], "lacks": ["bird"]})
    assert result.passed
    assert result.hits[0] == "mill"
    assert not es.indices.exists(index="things")


EXPECTATIONS = [
    ({"first": "cat"}, "expected cat first, got mill"),
    ({"hits": ["dam", "mill"]}, "expected dam, mill, got mill"),
    ({"contains": ["bird"]}, "expected bird among the hits, got mill"),
    ({"lacks": ["mill"]}, "did not expect mill, got mill"),
]


WRITER: dict[str, Any] = {
    "endpoints": {**standard()["endpoints"], "writer": fake("completion")},
    "response_processors": [{"completion": {"inference_id": "writer", "field": "body", "deadline": "1ms"}}],
}


def written(build: Build, expect: dict[str, Any], **changes: Any) -> CaseResult:
    """The outcome of a test of a pipeline that writes an answer, on the fake service."""
    case = {"name": "it is said", "with": {"service": "fake"}, "documents": RECORDS, "query": "wheel of a mill"}
    (result,) = build(**{**WRITER, **changes}, tests=[{**case, "expect": expect}]).test()
    return result


def test_what_an_answer_says_and_refers_to_is_compared(build: Build) -> None:
    assert written(build, {"first": "mill", "answer": "A river turns the wheel", "cites": ["mill"]}).failures == ()
    said, cited = written(build, {"answer": "A zeppelin", "cites": ["mill", "cat"]}).failures
    assert said.startswith("expected an answer with 'A zeppelin', got '[1] <text> A river turns")
    assert cited == "expected an answer that refers to cat, it refers to mill, dam"
    assert written(build, {"answer": "x"}, response_processors=[]).failures == (
        "expected an answer in words, there is none",
    )


@pytest.mark.parametrize(("expect", "message"), EXPECTATIONS)
def test_what_does_not_hold_is_said(build: Build, expect: dict[str, Any], message: str) -> None:
    (failure,) = run(build, expect=expect).failures
    assert failure.startswith(message)


def test_a_refused_document_fails_the_test_with_the_reason(build: Build) -> None:
    (failure,) = run(build, documents=[*RECORDS, {"_id": "empty"}]).failures
    assert failure == "a document was refused: field [body] not present as part of path [body] (record 4)"


def test_an_error_of_the_pipeline_fails_the_test_with_its_message(es: Elasticsearch, build: Build) -> None:
    before = es.inference.get().body
    case = {"name": "it holds", "documents": RECORDS, "query": "x", "expect": {}}
    (result,) = build(tests=[case], search={"query": {"mtch": {"body": "{{query}}"}}}).test()
    assert "unknown query [mtch]" in result.failures[0]
    assert es.inference.get().body == before


def test_built_in_endpoints_are_served_by_the_fake_service_too(build: Build) -> None:
    model = {"model_id": ".elser-2-elasticsearch", "input_output": {"input_field": "body", "output_field": "sparse"}}
    query = {"sparse_vector": {"field": "sparse", "inference_id": ".elser-2-elasticsearch", "query": "{{query}}"}}
    rerank = {"rerank": {"inference_id": ".rerank-v1-elasticsearch", "field": "body"}}
    case = {"name": "x", "with": {"service": "fake"}, "documents": RECORDS, "query": "wheel of a mill",
            "expect": {"first": "mill"}}  # fmt: skip
    pipeline = build(
        endpoints={},
        processors=[{"inference": model}],
        search={"query": query},
        response_processors=[rerank],
        tests=[case],
    )
    assert [result.failures for result in pipeline.test()] == [()]


def test_a_slow_machine_fails_no_test(build: Build) -> None:
    endpoints = {**standard()["endpoints"], "order": fake("rerank", latency_ms=50)}
    rerank = {"rerank": {"inference_id": "order", "field": "body", "deadline": "1ms"}}
    case = {"name": "x", "documents": RECORDS, "query": "wheel of a mill", "expect": {"first": "mill"}}
    (result,) = build(endpoints=endpoints, response_processors=[rerank], tests=[case]).test()
    assert result.failures == ()


def test_a_degraded_search_fails_the_test(build: Build) -> None:
    rerank = {"rerank": {"inference_id": "order", "field": "nothing"}}
    case = {"name": "x", "documents": RECORDS, "query": "wheel of a mill", "expect": {}}
    (result,) = build(response_processors=[rerank], tests=[case]).test()
    assert result.failures == ("response_processors[0].rerank degraded: no hit has a text in [nothing]",)
