"""What happens to a search when a part of it is late, fails, or answers nonsense."""

from __future__ import annotations

import threading
from typing import Any

import orjson
import pytest
from elasticsearch import Elasticsearch

from headpond.errors import TargetError
from headpond.node import Node
from headpond.pipeline import Pipeline
from headpond.pipeline.query.breaker import FAILURES
from headpond.pipeline.query.inference import CallFailedError, ClientInference
from headpond.pipeline.query.lines import RERANK_AT_ONCE, lines_of
from headpond.stages.inference import NotAskedError
from tests.pipeline.pipelines import ids, pipeline, standard
from tests.pipeline.stuck_server import StuckServer
from tests.pipeline.watched import Watch, refused, scores, watched

QUERY = "wheel of a mill"
FAKE = {"service": "fake", "service_settings": {}}


def reranked(deadline: str, **changes: Any) -> dict[str, Any]:
    rerank = {"inference_id": "order", "field": "body", "deadline": deadline}
    return {
        "response_processors": [{"rerank": rerank}],
        "cache": {"query_embeddings": 0, "rerank_scores": 0},
        **changes,
    }


def first_stage(client: Elasticsearch, text: str = QUERY) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pipeline(client, response_processors=[]).search(text)["hits"]["hits"]
    return found


def legs() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = standard()["search"]["retriever"]["rrf"]["retrievers"]
    return found


def hanging(watch: Watch, inference_id: str) -> threading.Event:
    """Lets an endpoint hang until the event is set."""
    release = threading.Event()

    def wait(body: dict[str, Any]) -> Any:
        release.wait()
        return refused(500)(body)

    watch.answers[inference_id] = wait
    return release


def wait_until_idle(client: Elasticsearch) -> None:
    idle = threading.Event()
    while lines_of(client).busy:
        idle.wait(0.01)


@pytest.mark.parametrize(
    "answer",
    [
        scores(0.5, float("nan"), 0.1),
        scores(0.5, float("inf"), 0.1),
        scores(0.5, "high", 0.1),
        scores(0.5, None, 0.1),
        scores(0.5, True, 0.1),
        scores(0.5, 0.2),
        scores(),
        scores(0.5, 0.4, 0.3, 0.2),
        lambda body: (200, b'{"rerank": [{"index": 0, "relevance_score": 1}, {"index": 0, "relevance_score": 2}]}', {}),
        lambda body: (200, b'{"rerank": [{"index": -1, "relevance_score": 1}]}', {}),
        lambda body: (200, b'{"completion": []}', {}),
        lambda body: (200, b"{", {}),
        refused(500),
    ],
)
def test_nonsense_of_a_reranker_leaves_the_order(seen: Elasticsearch, watch: Watch, answer: Any) -> None:
    before = first_stage(seen)
    watch.answers["order"] = answer
    found = pipeline(seen, **reranked("60s")).search(QUERY)
    assert found["hits"]["hits"] == before
    (degraded,) = found["degraded"]
    assert degraded["stage"] == "response_processors[0].rerank"
    assert degraded["reason"].startswith(("[order] failed: ", "[order] answered nonsense: "))


def test_many_searches_come_back_while_a_reranker_sleeps_and_nothing_stays_behind(
    seen: Elasticsearch, watch: Watch
) -> None:
    texts = [f"{QUERY} {number}" for number in range(200)]
    plain, asleep = pipeline(seen, response_processors=[]), pipeline(seen, **reranked("500ms"))
    before = {text: plain.search(text)["hits"]["hits"] for text in texts}
    release = hanging(watch, "order")
    answers: dict[str, dict[str, Any]] = {}
    threads = [threading.Thread(target=lambda text=text: answers.update({text: asleep.search(text)})) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answers[text]["hits"]["hits"] for text in texts] == [before[text] for text in texts]
    assert all(len(answer["degraded"]) == 1 for answer in answers.values())
    assert len(watch.of("order")) <= RERANK_AT_ONCE
    release.set()
    wait_until_idle(seen)


@pytest.mark.usefixtures("long_pause")
def test_a_reranker_that_failed_a_few_times_is_not_asked_for_a_while(seen: Elasticsearch, watch: Watch) -> None:
    watch.answers["order"] = refused(500)
    broken = pipeline(seen, **reranked("60s"))
    answers = [broken.search(QUERY) for _ in range(FAILURES + 3)]
    assert len(watch.of("order")) == FAILURES
    reasons = [answer["degraded"][0]["reason"] for answer in answers]
    assert "no, says 500" in reasons[0]
    assert "not asked: 5 failures in a row, next try in" in reasons[-1]
    # Searches of other pipelines in this process know it too.
    assert "not asked" in pipeline(seen, **reranked("60s")).search(QUERY)["degraded"][0]["reason"]


def test_a_reranker_that_works_again_is_asked_again(
    seen: Elasticsearch, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headpond.pipeline.query.breaker.FIRST_PAUSE", 0.01)
    watch.answers["order"] = refused(500)
    broken = pipeline(seen, **reranked("60s"))
    for _ in range(FAILURES):
        broken.search(QUERY)
    del watch.answers["order"]
    threading.Event().wait(0.05)
    assert "degraded" not in broken.search(QUERY)


def test_a_throttled_reranker_is_not_waited_for_nor_asked_before_its_time(seen: Elasticsearch, watch: Watch) -> None:
    watch.answers["order"] = refused(429, **{"retry-after": "60"})
    busy = pipeline(seen, **reranked("10s"))
    first, second = busy.search(QUERY), busy.search(QUERY)
    assert "no, says 429" in first["degraded"][0]["reason"]
    assert "not asked: " in second["degraded"][0]["reason"]
    assert len(watch.of("order")) == 1
    assert first["hits"]["hits"] == second["hits"]["hits"] == first_stage(seen)


def with_fallback(whole: str, **options: Any) -> dict[str, Any]:
    changes = reranked(whole)
    changes["response_processors"][0]["rerank"]["fallback"] = {"inference_id": "near", **options}
    return changes


@pytest.mark.usefixtures("long_pause")
def test_another_endpoint_ranks_while_a_reranker_is_down(seen: Elasticsearch, watch: Watch) -> None:
    seen.inference.put(inference_id="near", task_type="rerank", inference_config=FAKE)
    well = pipeline(seen, **with_fallback("60s"))
    expected = ids(well.search(QUERY))
    assert watch.of("near") == []
    watch.answers["order"] = refused(500)
    answers = [well.search(QUERY) for _ in range(FAILURES + 2)]
    assert [ids(answer) for answer in answers] == [expected] * len(answers)
    reasons = [answer["degraded"][0]["reason"] for answer in answers]
    assert all(reason.endswith("; [near] ranked instead") for reason in reasons)
    assert "not asked: 5 failures in a row" in reasons[-1]
    assert len(watch.of("order")) == 1 + FAILURES
    watch.answers["near"] = refused(500)
    answer = well.search(QUERY)
    assert answer["hits"]["hits"] == first_stage(seen)
    assert "[near] failed: " in answer["degraded"][0]["reason"]


def test_another_endpoint_ranks_in_the_time_that_a_late_one_leaves(seen: Elasticsearch, watch: Watch) -> None:
    seen.inference.put(inference_id="near", task_type="rerank", inference_config=FAKE)
    release = hanging(watch, "order")
    answer = pipeline(seen, **with_fallback("60s", deadline="59s")).search(QUERY)
    (degraded,) = answer["degraded"]
    assert degraded["reason"] == "no answer of [order] within its 1s of the deadline of 60s; [near] ranked instead"
    assert all("rerank_score" in hit["_headpond"] for hit in answer["hits"]["hits"])
    release.set()
    wait_until_idle(seen)


def test_a_leg_whose_embedding_is_late_is_left_out(seen: Elasticsearch, watch: Watch) -> None:
    release = hanging(watch, "dense")
    plain = pipeline(seen, **reranked("10s", response_processors=[]))
    answer = plain.search(QUERY, deadline="6s")
    retriever = {"rrf": {"retrievers": [legs()[0], legs()[2]], "rank_window_size": 20}}
    without = pipeline(seen, search={"retriever": retriever}, response_processors=[]).search(QUERY)
    assert answer["hits"]["hits"] == without["hits"]["hits"]
    (degraded,) = answer["degraded"]
    assert degraded["stage"] == "search.retriever.rrf.retrievers[1].knn"
    assert "endpoint [dense] did not embed the query: no answer within" in degraded["reason"]
    release.set()
    wait_until_idle(seen)


def test_a_search_whose_only_leg_is_late_says_so(seen: Elasticsearch, watch: Watch) -> None:
    release = hanging(watch, "dense")
    for retriever in (legs()[1], {"rrf": {"retrievers": [legs()[1]]}}):
        alone = pipeline(seen, search={"retriever": retriever}, **reranked("10s"))
        with pytest.raises(TargetError, match=r"endpoint \[dense\] did not embed the query: no answer") as caught:
            alone.search(QUERY, deadline="400ms")
        assert caught.value.transient
    release.set()


def test_a_knn_section_whose_embedding_is_late_is_left_out(seen: Elasticsearch, watch: Watch) -> None:
    watch.answers["dense"] = refused(408)
    (_, options) = next(iter(legs()[1].items()))
    query = {"match": {"body": "{{query}}"}}
    for knn, stage in ((options, "search.knn"), ([options], "search.knn[0]")):
        answer = pipeline(seen, search={"query": query, "knn": knn}, response_processors=[]).search(QUERY)
        without = pipeline(seen, search={"query": query}, response_processors=[]).search(QUERY)
        assert answer["hits"]["hits"] == without["hits"]["hits"]
        assert answer["degraded"][0]["stage"] == stage
        with pytest.raises(TargetError, match="did not embed the query: no answer"):
            pipeline(seen, search={"knn": knn}, response_processors=[]).search(QUERY)


HIT = {"_index": "things", "_id": "a", "_score": 1.0, "_source": {"body": "a mill"}}
PARTIAL = {"took": 1, "timed_out": True, "_shards": {"total": 1, "successful": 1, "skipped": 0, "failed": 0},
           "hits": {"total": {"value": 1, "relation": "eq"}, "max_score": 1.0, "hits": [HIT]}}  # fmt: skip
LEXICAL = {"search": {"query": {"match": {"body": "{{query}}"}}}, "response_processors": []}


def on(url: str, **changes: Any) -> tuple[Elasticsearch, Pipeline]:
    client = Elasticsearch(url, retry_on_timeout=True, max_retries=3)
    return client, pipeline(client, **{**LEXICAL, **changes})


def test_a_search_that_is_not_answered_in_time_fails_and_its_connection_is_closed() -> None:
    server = StuckServer()
    client, stuck = on(server.url, deadline="300ms")
    with pytest.raises(TargetError, match="the search had no answer within its deadline of 300ms") as caught:
        stuck.search(QUERY)
    assert caught.value.transient
    server.hung_up.acquire()
    assert server.stuck.acquire()
    assert not server.stuck.acquire(blocking=False)  # it was not tried twice
    client.close()
    server.close()


def test_the_target_is_told_the_time_and_what_it_found_by_then_is_the_answer() -> None:
    told: list[dict[str, Any]] = []

    def answer(body: bytes) -> bytes:
        told.append(orjson.loads(body))
        return orjson.dumps(PARTIAL)

    server = StuckServer(2, answer)
    client, late = on(server.url, deadline="60s")
    found = late.search(QUERY)
    assert ids(found) == ["a"]
    assert found["timed_out"] is True
    assert found["degraded"][0]["stage"] == "search"
    assert 40_000 < int(told[0]["timeout"].removesuffix("ms")) <= 54_000
    own = pipeline(client, **{**LEXICAL, "search": {**LEXICAL["search"], "timeout": "1s"}, "deadline": "60s"})
    own.search(QUERY)
    assert told[1]["timeout"] == "1s"
    client.close()
    server.close()


def test_what_a_late_call_of_a_cluster_had_begun_is_closed() -> None:
    server = StuckServer()
    client = Elasticsearch(server.url)
    inference = ClientInference(client)
    for ask in (
        lambda: inference.rerank("order", "q", ["a", "b"], seconds=0.3),
        lambda: inference.embed("dense", "text_embedding", ["a"], seconds=0.3),
        lambda: inference.complete("chat", "a", seconds=0.3),
    ):
        with pytest.raises(TimeoutError):
            ask()
        server.hung_up.acquire()
    wait_until_idle(client)
    client.close()
    server.close()


def test_what_the_pond_had_asked_of_a_provider_is_closed() -> None:
    ranking = b'[{"index": 0, "score": 0.5}]'
    provider = StuckServer(1, lambda body: ranking)
    client = watched(Node(None), Watch())
    settings = {"api_key": "k", "url": provider.url}
    client.inference.put(
        inference_id="far",
        task_type="rerank",
        inference_config={"service": "hugging_face", "service_settings": settings},
    )
    with pytest.raises(TimeoutError):
        ClientInference(client).rerank("far", "q", ["a", "b"], seconds=3)
    provider.stuck.acquire()
    provider.hung_up.acquire()
    wait_until_idle(client)
    client.close()
    provider.close()


@pytest.mark.usefixtures("long_pause")
def test_a_breaker_is_of_one_target(seen: Elasticsearch, watch: Watch, es: Elasticsearch) -> None:
    watch.answers["order"] = refused(500)
    for _ in range(FAILURES):
        with pytest.raises(CallFailedError, match="no, says 500"):
            ClientInference(seen).rerank("order", "q", ["a"], seconds=10)
    with pytest.raises(NotAskedError):
        ClientInference(seen).rerank("order", "q", ["a"], seconds=10)
    es.inference.put(inference_id="order", task_type="rerank", inference_config=FAKE)
    assert len(ClientInference(es).rerank("order", "q", ["a"], seconds=10)) == 1


def test_a_completion_comes_in_pieces_to_who_wants_them(es: Elasticsearch) -> None:
    es.inference.put(inference_id="chat", task_type="completion", inference_config=FAKE)
    pieces: list[str] = []
    text = ClientInference(es).complete("chat", "say something", seconds=10, on_piece=pieces.append)
    assert "".join(pieces) == text
