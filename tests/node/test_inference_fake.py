"""The service `fake` through the official client: useful answers, and faults on demand."""

import math
from typing import Any

import pytest
from elasticsearch import ApiError, Elasticsearch


def put(client: Elasticsearch, task_type: str = "text_embedding", **service_settings: Any) -> None:
    config = {"service": "fake", "service_settings": service_settings}
    client.inference.put(inference_id="f", task_type=task_type, inference_config=config)


def vectors(client: Elasticsearch, *texts: str) -> list[list[float]]:
    answer = client.inference.text_embedding(inference_id="f", input=list(texts))
    return [item["embedding"] for item in answer["text_embedding"]]


def cosine(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def refused(client: Elasticsearch, text: str = "a", timeout: str = "60s") -> ApiError:
    with pytest.raises(ApiError) as caught:
        client.inference.text_embedding(inference_id="f", input=text, timeout=timeout)
    return caught.value


def test_the_same_text_has_the_same_unit_vector(client: Elasticsearch) -> None:
    put(client, dimensions=32)
    one, again, empty = vectors(client, "the river bed", "the river bed", "")
    assert one == again
    assert len(one) == 32
    assert all(math.isclose(cosine(vector, vector), 1, abs_tol=1e-5) for vector in (one, empty))


def test_texts_that_share_words_are_nearer(client: Elasticsearch) -> None:
    put(client, dimensions=256)
    query, near, far = vectors(client, "rivers in winter", "the river in winter", "cheap car insurance")
    assert cosine(query, near) > 0.4 > cosine(query, far) + 0.2


def test_another_seed_gives_other_vectors(client: Elasticsearch) -> None:
    put(client)
    first = vectors(client, "a")
    client.inference.delete(inference_id="f")
    put(client, seed=7)
    assert vectors(client, "a") != first


@pytest.mark.parametrize(("dimensions", "limit"), [(10**15, "less than or equal to [4096]"), (0, "equal to [1]")])
def test_vectors_that_no_field_could_hold_are_refused(client: Elasticsearch, dimensions: int, limit: str) -> None:
    with pytest.raises(ApiError) as caught:
        put(client, dimensions=dimensions)
    assert caught.value.meta.status == 400
    assert f"[service_settings] Invalid value [{dimensions}]. [dimensions] must be" in str(caught.value)
    assert limit in str(caught.value)


def test_a_sparse_embedding_holds_the_words(client: Elasticsearch) -> None:
    put(client, "sparse_embedding")
    answer = client.inference.sparse_embedding(inference_id="f", input=["River, river bed!", ""])
    first, empty = answer["sparse_embedding"]
    assert sorted(first["embedding"]) == ["bed", "river"]
    assert first["embedding"]["river"] > first["embedding"]["bed"] > 0
    assert empty == {"is_truncated": False, "embedding": {}}


def test_rerank_counts_shared_words(client: Elasticsearch) -> None:
    put(client, "rerank")
    documents = ["nothing of it", "a river bed in winter", "the river"]
    answer = client.inference.rerank(
        inference_id="f", query="river winter", input=documents, top_n=2, return_documents=True
    )
    assert [(item["index"], item["text"]) for item in answer["rerank"]] == [(1, documents[1]), (2, documents[2])]
    assert answer["rerank"][0]["relevance_score"] > answer["rerank"][1]["relevance_score"]


def test_task_settings_of_the_request_override_the_endpoints(client: Elasticsearch) -> None:
    config = {"service": "fake", "service_settings": {}, "task_settings": {"top_n": 1}}
    client.inference.put(inference_id="r", task_type="rerank", inference_config=config)

    def count(**options: Any) -> int:
        return len(client.inference.rerank(inference_id="r", query="q", input=["a", "b", "c"], **options)["rerank"])

    assert (count(), count(task_settings={"top_n": 2}), count(top_n=3)) == (1, 2, 3)


def test_tokens_are_told_in_a_header(client: Elasticsearch) -> None:
    put(client)
    answer = client.inference.text_embedding(inference_id="f", input=["three little words", "two words"])
    assert answer.meta.headers["x-headpond-tokens"] == "5"


def test_a_faulty_endpoint_can_be_made(client: Elasticsearch) -> None:
    put(client, status=401)
    error = refused(client)
    assert error.meta.status == 401
    assert error.body["error"]["reason"] == (
        "Received an authentication error status code for request from inference entity id [f] status [401]."
        " Error message: [the fake service fails with 401]"
    )


def test_the_first_requests_can_fail(client: Elasticsearch) -> None:
    put(client, fail_first_n=2, status=429, retry=False, retry_after=3)
    first, second = refused(client), refused(client)
    assert (first.meta.status, second.meta.status) == (429, 429)
    assert first.meta.headers["retry-after"] == "3"
    assert vectors(client, "a")


def test_passing_trouble_is_retried_behind_the_scenes(client: Elasticsearch) -> None:
    put(client, fail_first_n=2, status=500, retry_after=0)
    assert vectors(client, "a")


def test_a_poisonous_text_fails_and_others_do_not(client: Elasticsearch) -> None:
    put(client, fail_on="poison", status=400)
    assert vectors(client, "good")
    assert refused(client, "some poison here").meta.status == 400


def test_a_share_of_requests_fails_always_in_the_same_order(client: Elasticsearch) -> None:
    def outcomes() -> list[bool]:
        put(client, error_rate=0.5, status=400, seed=3)
        found = []
        for _ in range(20):
            try:
                found.append(bool(vectors(client, "a")))
            except ApiError:
                found.append(False)
        client.inference.delete(inference_id="f")
        return found

    first = outcomes()
    assert 0 < sum(first) < 20


@pytest.mark.parametrize("knob", ["reset", "malformed", "truncated"])
def test_broken_answers_are_errors(client: Elasticsearch, knob: str) -> None:
    put(client, retry=False, **{knob: True})
    assert refused(client).meta.status == 500


def test_wrong_dimensions_come_through(client: Elasticsearch) -> None:
    put(client, dimensions=4, wrong_dimensions=True)
    assert len(vectors(client, "a")[0]) == 5


def test_a_slow_service_runs_into_the_timeout(client: Elasticsearch) -> None:
    put(client, latency_ms=60_000)
    error = refused(client, timeout="100ms")
    assert error.meta.status == 408
    assert error.body["error"]["reason"] == "Request timed out after [100ms]"


def test_faults_are_switched_off_by_an_update(client: Elasticsearch) -> None:
    put(client, status=400, dimensions=4)
    assert refused(client).meta.status == 400
    client.inference.update(inference_id="f", inference_config={"service_settings": {"latency_ms": 0}})
    assert len(vectors(client, "a")[0]) == 4
