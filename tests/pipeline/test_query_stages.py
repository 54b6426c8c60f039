"""Request and response processors in searches on the pond, through the official client."""

from __future__ import annotations

from typing import Any

import pytest
from elasticsearch import Elasticsearch

from headpond.errors import PipelineError
from headpond.hook import hook
from headpond.pipeline import Pipeline
from headpond.pipeline.completion import StreamError
from headpond.pipeline.query import lines
from tests.pipeline.conftest import Build
from tests.pipeline.pipelines import RECORDS, SETTINGS, fake, ids, standard, turn

RERANK = standard()["response_processors"][0]
MORE = [
    *RECORDS,
    {"_id": "mill2", "title": "Mills again", "body": "A river turns the wheel of a mill", "kind": "house"},
    {"_id": "lock", "title": "Locks", "body": "A lock lifts boats on a river", "kind": "wall"},
]


@pytest.fixture
def filled(build: Build) -> Build:
    build().ingest(MORE, settings=SETTINGS)
    return build


def searched(filled: Build, *processors: dict[str, Any], **changes: Any) -> Pipeline:
    endpoints = {**standard()["endpoints"], "writer": fake("completion")}
    pipeline = filled(endpoints=endpoints, response_processors=list(processors), **changes)
    pipeline.apply()
    return pipeline


def test_a_filter_query_holds_in_every_leg_and_behind_a_hook(es: Elasticsearch, filled: Build) -> None:
    only = [{"filter_query": {"query": {"match": {"kind": "wall"}}}}]
    pipeline = searched(filled, RERANK, request_processors=only)
    assert set(ids(pipeline.search("river"))) == {"dam", "lock"}
    hooked = hook(es, pipeline)
    answer = hooked.search(index="things", query={"match": {"body": "river"}})
    assert set(ids(answer.body)) == {"dam", "lock"}


def test_oversampling_fills_a_page_that_collapse_empties(filled: Build) -> None:
    collapse = {"collapse": {"field": "kind"}}
    alone = ids(searched(filled, collapse).search("wheel of a mill river", size=3))
    more = {"oversample": {"sample_factor": 3}}
    answer = searched(filled, collapse, request_processors=[more]).search("wheel of a mill river", size=3)
    assert len(alone) == 2
    assert len(ids(answer)) == 3
    first = answer["hits"]["hits"][0]
    assert first["_headpond"]["collapsed"]["count"] == 2


def test_collapse_works_behind_a_rerank(filled: Build) -> None:
    answer = searched(filled, RERANK, {"collapse": {"field": "kind"}}).search("wheel of a mill", size=3)
    assert [hit["_source"]["kind"] for hit in answer["hits"]["hits"]].count("house") == 1


def test_a_clients_own_query_becomes_the_pipelines(es: Elasticsearch, filled: Build) -> None:
    pipeline = searched(filled, request_processors=[{"template": {}}])
    hooked = hook(es, pipeline)
    query = {"bool": {"must": [{"match": {"title": "wheel of a mill"}}], "must_not": [{"match": {"kind": "animal"}}]}}
    plain = es.search(index="things", query=query, size=4)
    assert ids(plain.body) == []
    answer = hooked.search(index="things", query=query, size=4, source=["title"])
    assert ids(answer.body)[0] in ("mill", "mill2")
    assert "cat" not in ids(answer.body)
    assert answer["hits"]["hits"][0]["_source"].keys() == {"title"}


def test_diversify_compares_stored_vectors_and_does_not_show_them(filled: Build) -> None:
    plain = ids(searched(filled).search("wheel of a mill"))
    assert set(plain[:2]) == {"mill", "mill2"}
    answer = searched(filled, {"diversify": {"field": "dense", "lambda": 0.3}}).search("wheel of a mill")
    assert set(ids(answer)[:2]) != {"mill", "mill2"}
    assert all("fields" not in hit and "dense" not in hit["_source"] for hit in answer["hits"]["hits"])
    assert "degraded" not in answer


@pytest.mark.parametrize("before", [[], [{"diversify": {"text_field": "body", "window": 3}}]])
def test_pages_of_sorted_hits_neither_repeat_nor_skip(filled: Build, before: list[dict[str, Any]]) -> None:
    pipeline = searched(filled, *before, {"sort": {"by": {"title": "desc"}}})
    everything = set(ids(pipeline.search("a river turns the wheel of a mill", size=20)))
    assert len(everything) >= 4
    for size in (1, 2, 4):
        starts = range(0, len(everything), size)
        pages = [ids(pipeline.search("a river turns the wheel of a mill", size=size, from_=start)) for start in starts]
        assert sorted(id for page in pages for id in page) == sorted(everything)


def test_hits_are_renamed_sorted_and_cut(filled: Build) -> None:
    pipeline = searched(
        filled,
        {"sort": {"by": {"title": "desc"}}},
        {"rename_field": {"field": "title", "target_field": "name"}},
        {"truncate_hits": {"target_size": 2}},
    )
    hits = pipeline.search("wheel river")["hits"]["hits"]
    assert [hit["_source"]["name"] for hit in hits] == ["Mills again", "Mills"]


def test_nested_passages_flat_texts_and_reranked_ones_have_one_shape(es: Elasticsearch, filled: Build) -> None:
    chunk = {"best_chunk": {"field": "body", "highlight": {}}}
    shapes = []
    for processors in ([chunk], [RERANK, chunk]):
        hit = searched(filled, *processors).search("wheel of a mill")["hits"]["hits"][0]
        shapes.append(hit["_headpond"]["best_chunk"])
    es.indices.create(
        index="nested",
        mappings={"properties": {"passages": {"type": "nested", "properties": {"text": {"type": "text"}}}}},
    )
    passages = [{"text": "A cat sleeps", "start": 0, "end": 12}, {"text": "A wheel of a mill", "start": 14, "end": 31}]
    es.index(index="nested", document={"passages": passages}, refresh=True)
    search = {"query": {"nested": {
        "path": "passages", "query": {"match": {"passages.text": "{{query}}"}}, "inner_hits": {}}}}  # fmt: skip
    nested = searched(filled, {"best_chunk": {"field": "passages.text", "highlight": {}}}, search=search)
    hit = nested.search("the wheel", index="nested")["hits"]["hits"][0]
    shapes.append(hit["_headpond"]["best_chunk"])
    assert [shape["by"] for shape in shapes] == ["words", "rerank", "inner_hits"]
    assert all(shape.keys() == shapes[0].keys() for shape in shapes)
    assert (shapes[2]["text"], shapes[2]["start"], shapes[2]["end"]) == ("A wheel of a mill", 14, 31)
    assert shapes[2]["highlighted"] == "A <em>wheel</em> of a mill"


WRITE = {"completion": {"inference_id": "writer", "field": "body", "window": 2, "deadline": "60s"}}


def test_an_answer_is_written_and_heard_while_it_comes(filled: Build) -> None:
    pieces: list[str] = []
    answer = searched(filled, RERANK, WRITE).search("wheel of a mill", on_piece=pieces.append)
    written = answer["ext"]["completion"]
    assert "".join(pieces) == written["text"]
    assert len(pieces) > 5
    assert written["ids"] == ids(answer)[:2]
    assert written["cited"][0] == written["ids"][0]
    assert searched(filled, RERANK, WRITE).search("wheel of a mill")["ext"]["completion"] == written


@pytest.mark.parametrize("heard", [True, False])
def test_an_answer_that_fails_costs_no_hits(es: Elasticsearch, filled: Build, heard: bool) -> None:
    pipeline = searched(filled, WRITE)
    turn(es, "writer", status=500, retry=False)
    answer = pipeline.search("wheel of a mill", on_piece=(lambda piece: None) if heard else None)
    assert len(ids(answer)) == 5
    assert "ext" not in answer
    (degraded,) = answer["degraded"]
    assert degraded["stage"] == "response_processors[0].completion"
    assert "[writer] failed: " in degraded["reason"]


def test_an_answer_that_is_late_costs_no_hits(es: Elasticsearch, filled: Build) -> None:
    late = {"completion": {**WRITE["completion"], "deadline": "100ms"}}
    pipeline = searched(filled, late)
    turn(es, "writer", latency_ms=20_000)
    answer = pipeline.search("wheel of a mill", on_piece=lambda piece: None)
    assert len(ids(answer)) == 5
    assert answer["degraded"][0]["reason"].startswith("no answer of [writer] within ")


@pytest.mark.parametrize("status", [400, 405, 501])
def test_a_service_that_does_not_stream_is_asked_for_the_whole(
    filled: Build, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    def refuse(*_: Any, **__: Any) -> str:
        raise StreamError("Streaming is not allowed for service [x]", status, None)

    monkeypatch.setattr(lines, "complete", refuse)
    pieces: list[str] = []
    answer = searched(filled, RERANK, WRITE).search("wheel of a mill", on_piece=pieces.append)
    assert pieces == [answer["ext"]["completion"]["text"]]


def test_a_stream_that_breaks_is_not_begun_again(filled: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_off(*arguments: Any, **_: Any) -> str:
        arguments[4]("A river")
        raise StreamError("the stream broke off", 400, None)

    monkeypatch.setattr(lines, "complete", break_off)
    pieces: list[str] = []
    answer = searched(filled, RERANK, WRITE).search("wheel of a mill", on_piece=pieces.append)
    assert pieces == ["A river"]
    assert "ext" not in answer
    assert "the stream broke off" in answer["degraded"][0]["reason"]


def test_a_rerank_by_a_template_and_as_deep_as_it_can(filled: Build) -> None:
    rerank = {"inference_id": "order", "template": "{{title}}: {{body}}", "window": "auto", "deadline": "60s"}
    hit = searched(filled, {"rerank": rerank}).search("wheel of a mill")["hits"]["hits"][0]
    assert hit["_headpond"]["passage"]["text"] == f"{hit['_source']['title']}: {hit['_source']['body']}"


def test_a_processor_that_is_wrong_is_said_with_its_place(build: Build) -> None:
    with pytest.raises(PipelineError, match=r"unknown response processor 'colapse', did you mean 'collapse'\?"):
        build(response_processors=[{"colapse": {"field": "a"}}])
    with pytest.raises(PipelineError, match=r"unknown key 'sample_facter', did you mean 'sample_factor'\?"):
        build(request_processors=[{"oversample": {"sample_facter": 2}}])
    with pytest.raises(PipelineError, match="either"):
        build(response_processors=[{"rerank": {"inference_id": "order"}}])
    with pytest.raises(PipelineError, match="window"):
        build(response_processors=[{"rerank": {"inference_id": "order", "field": "body", "window": 0}}])
