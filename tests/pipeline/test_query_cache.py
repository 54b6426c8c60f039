"""What searches remember of inference, and what they share while it is under way."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from elasticsearch import Elasticsearch

from headpond.errors import PipelineError
from headpond.pipeline import Pipeline
from headpond.pipeline.query.caches import Caches, Kept, key
from headpond.pipeline.query.inference import ClientInference
from headpond.pipeline.query.lines import EMBED_AT_ONCE, EMBED_LARGEST
from headpond.pipeline.spec import CacheSection
from tests.pipeline.pipelines import SETTINGS, pipeline
from tests.pipeline.watched import Watch, refused

QUERY = "wheel of a mill"


def counts(watch: Watch) -> list[int]:
    return [len(watch.of(name)) for name in ("dense", "sparse", "order")]


def section(**values: Any) -> CacheSection:
    return CacheSection.model_validate(values)


def test_the_same_search_asks_for_nothing_twice(seen: Elasticsearch, watch: Watch) -> None:
    found = pipeline(seen)
    first = found.search(QUERY)
    assert counts(watch) == [1, 1, 1]
    second = found.search(QUERY)
    assert counts(watch) == [1, 1, 1]
    assert first["hits"] == second["hits"]
    stats = found.searcher.caches.stats()
    assert stats["query_embeddings"] == {"entries": 2, "hits": 2, "misses": 2}
    texts = len(first["hits"]["hits"])
    assert stats["rerank_scores"] == {"entries": texts, "hits": texts, "misses": texts}


def test_legs_of_one_search_share_the_embedding_of_a_text(seen: Elasticsearch, watch: Watch) -> None:
    builder = {"text_embedding": {"model_id": "dense", "model_text": "{{query}}"}}
    legs = [{"knn": {"field": "dense", "k": k, "num_candidates": 20, "query_vector_builder": builder}} for k in (1, 5)]
    retriever = {"rrf": {"retrievers": legs}}
    pipeline(seen, search={"retriever": retriever}, response_processors=[], cache={"query_embeddings": 0}).search(QUERY)
    assert counts(watch) == [1, 0, 0]


def test_only_texts_that_are_new_for_a_query_are_ranked(seen: Elasticsearch, watch: Watch) -> None:
    found = pipeline(seen)
    found.search(QUERY)
    text = "A new wheel for an old mill"
    found.ingest([{"_id": "new", "title": "New", "body": text, "kind": "house"}], settings=SETTINGS)
    watch.asked.clear()
    answer = found.search(QUERY)
    assert [body["input"] for body in watch.of("order")] == [[text]]
    fresh = pipeline(seen).search(QUERY)
    assert answer["hits"] == fresh["hits"]
    watch.asked.clear()
    found.search("another question")
    assert len(watch.of("order")[0]["input"]) > 1


def test_another_model_behind_an_endpoint_is_asked_anew(seen: Elasticsearch, watch: Watch) -> None:
    found = pipeline(seen)
    found.search(QUERY)
    seen.inference.delete(inference_id="order")
    other = {"service": "fake", "service_settings": {"model_id": "other"}}
    seen.inference.put(inference_id="order", task_type="rerank", inference_config=other)
    watch.asked.clear()
    found.search(QUERY)
    assert counts(watch) == [0, 0, 0]
    forget(found)
    found.search(QUERY)
    assert counts(watch) == [0, 0, 1]


def forget(found: Pipeline) -> None:
    """As if the time was over for which fingerprints are believed."""
    found.searcher._inference.fingerprints.forget()


def test_a_vector_of_another_model_is_never_compared(seen: Elasticsearch, watch: Watch) -> None:
    builder = {"text_embedding": {"model_id": "dense", "model_text": "{{query}}"}}
    knn = {"field": "dense", "k": 5, "num_candidates": 20, "query_vector_builder": builder}
    found = pipeline(seen, search={"knn": knn})
    found.search(QUERY)
    seen.inference.delete(inference_id="dense")
    other = {"service": "fake", "service_settings": {"dimensions": 16, "seed": 7}}
    seen.inference.put(inference_id="dense", task_type="text_embedding", inference_config=other)
    forget(found)
    with pytest.raises(PipelineError, match="holds vectors of another model"):
        found.search(QUERY)


def test_failures_are_not_kept(seen: Elasticsearch, watch: Watch) -> None:
    found = pipeline(seen)
    watch.answers["order"] = watch.answers["dense"] = refused(500)
    assert len(found.search(QUERY)["degraded"]) == 2
    watch.answers.clear()
    answer = found.search(QUERY)
    assert "degraded" not in answer
    assert answer["hits"] == pipeline(seen).search(QUERY)["hits"]


def test_caches_can_be_turned_off(seen: Elasticsearch, watch: Watch) -> None:
    found = pipeline(seen, cache={"query_embeddings": 0, "rerank_scores": 0})
    for _ in range(3):
        found.search(QUERY)
    assert counts(watch) == [3, 3, 3]
    assert found.searcher.caches.stats()["query_embeddings"]["entries"] == 0


def test_concurrent_searches_for_the_same_words_ask_once(seen: Elasticsearch, watch: Watch) -> None:
    found = pipeline(seen)
    begin, answers = threading.Barrier(50), []

    def search() -> None:
        begin.wait()
        answers.append(found.search(QUERY)["hits"])

    threads = [threading.Thread(target=search) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts(watch)[:2] == [1, 1]
    assert all(answer == answers[0] for answer in answers)


def test_embeddings_gather_while_calls_are_under_way(seen: Elasticsearch, watch: Watch) -> None:
    inference = ClientInference(seen, Caches(section(query_embeddings=0)))
    texts = [f"text {number}" for number in range(EMBED_AT_ONCE + 2 * EMBED_LARGEST)]
    watch.gate.clear()
    waiting = threading.Thread(target=lambda: got.extend(inference.embed("dense", "text_embedding", texts, seconds=60)))
    got: list[Any] = []
    waiting.start()
    for _ in range(EMBED_AT_ONCE):
        watch.inside.acquire()
    watch.gate.set()
    waiting.join()
    sizes = [len(body["input"]) for body in watch.of("dense")]
    assert sum(sizes) == len(texts)
    assert max(sizes) <= EMBED_LARGEST
    assert len(sizes) < len(texts)
    alone = ClientInference(seen, Caches(section(query_embeddings=0)))
    for text, vector in zip(texts, got, strict=True):
        (expected,) = alone.embed("dense", "text_embedding", [text], seconds=60)
        assert np.array_equal(vector, expected)


def test_a_cached_vector_cannot_be_changed_by_who_gets_it(seen: Elasticsearch) -> None:
    (vector,) = ClientInference(seen).embed("dense", "text_embedding", ["a"], seconds=60)
    assert isinstance(vector, np.ndarray)
    with pytest.raises(ValueError, match="read-only"):
        vector[0] = 1


def test_the_least_recently_used_goes_first_and_all_go_in_time() -> None:
    kept: Kept[int] = Kept(2, 3600)
    for name, value in (("a", 1), ("b", 2)):
        kept.put(name, value)
    assert kept.get("a") == 1
    kept.put("c", 3)
    assert (kept.get("a"), kept.get("b"), kept.get("c")) == (1, None, 3)
    assert kept.stats() == {"entries": 2, "hits": 3, "misses": 1}
    brief: Kept[int] = Kept(2, 1e-9)
    brief.put("a", 1)
    assert brief.get("a") is None


def test_keys_tell_texts_apart_wherever_they_are_cut() -> None:
    parts = [("ab", "c"), ("a", "bc"), ("abc",), ("abc", ""), ("", "abc"), ("\ud800", ""), ("c", "ab")]
    assert len({key(*each) for each in parts}) == len(parts)


@pytest.mark.parametrize("wrong", [{"query_embeddings": -1}, {"ttl": "soon"}, {"ttl": "0s"}, {"embeddings": 1}])
def test_a_wrong_section_is_refused(seen: Elasticsearch, wrong: dict[str, Any]) -> None:
    with pytest.raises(PipelineError, match=r"cache\.") as caught:
        pipeline(seen, cache=wrong)
    assert "cache" in str(caught.value)
