from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from headpond.stages.response._rerank_spec import RerankSpec
from headpond.stages.response.base import Results
from headpond.stages.response.best_chunk import BestChunk, BestChunkSpec
from headpond.stages.response.rerank import Rerank
from tests.stages.hits import Endpoints, found, ill, late, reasons, run

SHORT = {"strategy": "sentence", "max_chunk_size": 20, "sentence_overlap": 0}
DULL = "This says nothing of any use to anyone at all in the whole world, and goes on for some time. "
TEXT = DULL * 2 + "A river turns the wheel of a mill. " + DULL * 2


def best(results: Results, place: int = 0) -> dict[str, Any]:
    chunk: dict[str, Any] = results.hits[place]["_headpond"]["best_chunk"]
    return chunk


def test_a_flat_text_is_cut_and_the_chunk_with_the_words_is_best() -> None:
    results = run(BestChunk, found({"body": TEXT}), field="body", chunking_settings=SHORT)
    chunk = best(results)
    assert chunk["field"] == "body"
    assert "wheel of a mill" in chunk["text"]
    assert TEXT[chunk["start"] : chunk["end"]] == chunk["text"]
    assert 0 < chunk["score"] <= 1
    assert chunk["by"] == "words"
    assert chunk.keys() == {"field", "text", "start", "end", "score", "by"}


def test_the_best_of_several_fields_has_offsets_in_its_own() -> None:
    results = run(
        BestChunk, found({"title": "Cats", "body": "A cat sleeps. The wheel of a mill."}), field=["title", "body"]
    )
    assert best(results)["field"] == "body"
    assert (best(results)["start"], best(results)["end"]) == (0, 34)


def test_nested_passages_are_chunks() -> None:
    stored = [{"text": "A cat", "start": 0, "end": 5}, {"text": "A mill", "start": 6, "end": 12}]
    chunk = best(run(BestChunk, found({"passages": stored}), field="passages.text"))
    assert chunk == {
        "field": "passages.text",
        "text": "A mill",
        "start": 6,
        "end": 12,
        "score": chunk["score"],
        "by": "words",
    }


def test_inner_hits_know_the_best_passage() -> None:
    hits = found({"passages": [{"text": "A mill"}, {"text": "Water"}]})
    inner = {
        "_nested": {"field": "passages", "offset": 1},
        "_score": 0.9,
        "_source": {"text": "Water", "start": 7, "end": 12},
    }
    hits[0]["inner_hits"] = {"passages": {"hits": {"hits": [inner]}}}
    assert best(run(BestChunk, hits, field="passages.text")) == {
        "field": "passages.text", "text": "Water", "start": 7, "end": 12, "score": 0.9, "by": "inner_hits",
    }  # fmt: skip


SEMANTIC = "A cat sleeps.\nThe wheel of a mill turns."


@pytest.mark.parametrize(
    ("source", "fields"),
    [
        (
            {"sem": SEMANTIC, "_inference_fields": {"sem": {"inference": {"chunks": {"sem": [
                {"start_offset": 0, "end_offset": 13}, {"start_offset": 14, "end_offset": 40}]}}}}},
            None,
        ),
        (
            {"sem": {"text": SEMANTIC, "inference": {"inference_id": "e", "chunks": [
                {"text": "A cat sleeps.", "embeddings": [1]}, {"text": "The wheel of a mill turns."}]}}},
            None,
        ),
        ({"sem": SEMANTIC}, {"sem": ["A cat sleeps.", "The wheel of a mill turns."]}),
    ],
)  # fmt: skip
def test_chunks_of_semantic_text_in_all_its_forms(source: dict[str, Any], fields: Any) -> None:
    hits = found(source)
    if fields:
        hits[0]["fields"] = fields
    chunk = best(run(BestChunk, hits, field="sem"))
    assert (chunk["field"], chunk["text"]) == ("sem", "The wheel of a mill turns.")
    assert (chunk["start"], chunk["end"], chunk["by"]) == (14, 40, "words")


def test_the_semantic_highlighters_fragment_is_the_best_chunk() -> None:
    hits = found({"sem": SEMANTIC})
    hits[0]["highlight"] = {"sem": ["A cat sleeps."]}
    assert best(run(BestChunk, hits, field="sem")) == {
        "field": "sem", "text": "A cat sleeps.", "start": 0, "end": 13, "score": None, "by": "highlight",
    }  # fmt: skip
    hits = found({"sem": SEMANTIC})
    hits[0]["highlight"] = {"sem": ["A <em>cat</em> sleeps."]}
    assert best(run(BestChunk, hits, field="sem"))["by"] == "words"


def reranked(source: dict[str, Any], chunk: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    """The best chunk behind a rerank, of a hit of which the reranker likes the cat best."""
    endpoints = Endpoints(score=lambda text: 5.0 if "cat" in text else 1.0)
    results = Results(found(source), "the wheel of a mill", endpoints)
    Rerank(RerankSpec.model_validate({"inference_id": "r", **options}), "rerank").process(results)
    BestChunk(BestChunkSpec.model_validate({"field": ["title", "body"], **(chunk or {})}), "best_chunk").process(
        results
    )
    return best(results)


def test_a_rerank_before_it_has_the_say() -> None:
    source = {"body": "The wheel of a mill. " + DULL + "A cat sleeps. " + DULL}
    cut = {"size": 4, "chunking_settings": SHORT}
    chunk = reranked(source, field="body", chunk_rescorer=cut)
    assert "cat" in chunk["text"]
    assert source["body"][chunk["start"] : chunk["end"]] == chunk["text"]
    assert (chunk["score"], chunk["by"]) == (5.0, "rerank")


def test_of_joined_fields_the_part_in_one_field_is_taken() -> None:
    source = {"title": "Cats", "body": "A cat sleeps for most of the day."}
    chunk = reranked(source, field=["title", "body"])
    assert chunk == {"field": "body", "text": source["body"], "start": 0, "end": 33, "score": 5.0, "by": "rerank"}


def test_of_a_text_that_was_ranked_as_a_whole_the_part_with_the_words_is_shown() -> None:
    source = {"title": "Cats", "body": DULL * 3 + "A cat at the wheel of a mill. " + DULL}
    chunk = reranked(source, {"chunking_settings": SHORT}, field=["title", "body"])
    assert "wheel of a mill" in chunk["text"]
    assert len(chunk["text"]) < len(source["body"])
    assert source["body"][chunk["start"] : chunk["end"]] == chunk["text"]


def test_a_templates_text_is_in_no_field() -> None:
    chunk = reranked({"title": "Cats", "body": "The wheel of a mill"}, template="A cat: {{title}} {{body}}")
    assert (chunk["field"], chunk["by"]) == ("body", "words")


def test_nested_passages_that_were_ranked_are_taken_with_their_offsets() -> None:
    stored = [{"text": "A mill", "start": 0, "end": 6}, {"text": "A cat", "start": 7, "end": 12}]
    chunk = reranked({"passages": stored}, {"field": "passages.text"}, field="passages.text")
    assert chunk == {"field": "passages.text", "text": "A cat", "start": 7, "end": 12, "score": 5.0, "by": "rerank"}


def vector(text: str) -> Sequence[float]:
    return [1.0, 0.0] if "cat" in text or ("wheel" in text and "mill" in text) else [0.0, 1.0]


def test_an_embedding_endpoint_finds_the_nearest_chunk() -> None:
    endpoints = Endpoints(vector=vector)
    text = DULL + "A cat sleeps. " + DULL
    results = run(
        BestChunk, found({"body": text}), endpoints=endpoints, field="body", inference_id="e", chunking_settings=SHORT
    )
    chunk = best(results)
    assert "cat" in chunk["text"]
    assert (chunk["score"], chunk["by"]) == (pytest.approx(1.0), "embedding")
    assert endpoints.texts[0] == "the wheel of a mill"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (late, "no answer of [e] within the deadline; words decided"),
        (ill, "[e] failed: the model is ill; words decided"),
        (lambda text: [float("nan")], "[e] failed: the answer holds no vectors of numbers; words decided"),
    ],
)
def test_words_decide_where_the_endpoint_does_not(answer: Any, reason: str) -> None:
    results = run(BestChunk, found({"body": TEXT}), endpoints=Endpoints(vector=answer), field="body", inference_id="e")
    assert reasons(results) == [reason]
    assert best(results)["by"] == "words"


def test_words_are_marked_when_asked() -> None:
    results = run(BestChunk, found({"body": "The wheel."}), field="body", highlight={})
    assert best(results)["highlighted"] == "The <em>wheel</em>."


def test_hits_without_text_stay_without() -> None:
    results = run(BestChunk, found({"body": 3}, {}, {"body": "  "}, {"body": ["a mill", 3]}), field="body")
    assert [("_headpond" in hit) for hit in results.hits] == [False, False, False, True]


def test_a_query_without_text_is_said() -> None:
    results = run(BestChunk, found({"body": "A mill."}), None, field="body", inference_id="e")
    assert reasons(results) == ["the query has no text to find the best chunk by"]
    assert best(results)["text"] == "A mill."
    assert run(BestChunk, [], None, field="body").degraded == []


def test_only_hits_that_will_be_seen_are_looked_at() -> None:
    results = Results(found({"body": "a"}, {"body": "b"}), "a", Endpoints(), size=1)
    BestChunk(BestChunkSpec(field=["body"]), "best_chunk").process(results)
    assert [("_headpond" in hit) for hit in results.hits] == [True, False]


@pytest.mark.parametrize("options", [{}, {"field": []}, {"field": "a", "chunking_settings": {"strategy": "page"}}])
def test_wrong_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"field|strategy"):
        BestChunkSpec.model_validate(options)
