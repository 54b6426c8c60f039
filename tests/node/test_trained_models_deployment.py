"""Deploying uploaded models and asking them, with a stand-in for torch and, where it is installed, with torch."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from elasticsearch import ApiError, Elasticsearch

from headpond import connect
from tests.node.trained import (
    Runtime,
    error_of,
    expected,
    runtime_named,
    start,
    upload,
)

A_CAT = [2, 6, 7, 3]
METADATA = {"per_deployment_memory_bytes": 51008, "per_allocation_memory_bytes": 96832}


def ask(client: Elasticsearch, *texts: str, model_id: str = "m", **params: Any) -> list[dict[str, Any]]:
    docs = [{"text_field": text} for text in texts]
    answer = client.ml.infer_trained_model(model_id=model_id, docs=docs, timeout="1m", **params)
    return list(answer["inference_results"])


def test_starting_is_answered_with_the_assignment(client: Elasticsearch, runtime: Runtime) -> None:
    definition = runtime.definition("text_embedding")
    upload(client, "m", "text_embedding", definition, metadata=METADATA)
    answer = start(client, wait_for="started")
    assignment = answer["assignment"]
    assert isinstance(assignment.pop("start_time"), str)
    (node,) = assignment.pop("routing_table").values()
    assert node == {"current_allocations": 1, "target_allocations": 1, "routing_state": "started", "reason": ""}
    assert list(assignment.items()) == [
        (
            "task_parameters",
            {
                "model_id": "m",
                "deployment_id": "m",
                "model_bytes": len(definition),
                "threads_per_allocation": 1,
                "number_of_allocations": 1,
                "queue_capacity": 10000,
                "cache_size": f"{len(definition)}b",
                "priority": "normal",
                **METADATA,
            },
        ),
        ("assignment_state", "started"),
        ("max_assigned_allocations", 1),
        ("adaptive_allocations", None),
    ]


def test_a_text_embedding_is_the_vector_of_the_model(client: Elasticsearch, runtime: Runtime) -> None:
    upload(client, "m", "text_embedding", runtime.definition("text_embedding"))
    start(client)
    first, second = ask(client, "A cat", "a cat " * 20)
    assert list(first) == ["predicted_value"]
    np.testing.assert_allclose(first["predicted_value"], expected("text_embedding", A_CAT), atol=1e-6)
    cut = [2, *[6, 7] * 7, 3]
    np.testing.assert_allclose(second["predicted_value"], expected("text_embedding", cut), atol=1e-6)
    assert second["is_truncated"] is True


def test_a_text_expansion_is_pooled_as_splade_is(client: Elasticsearch, runtime: Runtime) -> None:
    upload(client, "m", "text_expansion", runtime.definition("text_expansion"))
    start(client)
    (answer,) = ask(client, "a cat")
    spelt = {word.replace(".", "__"): weight for word, weight in expected("text_expansion", A_CAT).items()}
    assert answer["predicted_value"] == pytest.approx(spelt, abs=1e-6)


def test_a_text_similarity_compares_with_the_text_of_the_request(client: Elasticsearch, runtime: Runtime) -> None:
    upload(client, "m", "text_similarity", runtime.definition("text_similarity"))
    start(client)
    answers = ask(client, "dog", "the mat", inference_config={"text_similarity": {"text": "a cat"}})
    pairs = [[*A_CAT, 8, 3], [*A_CAT, 5, 11, 3]]
    assert [answer["predicted_value"] for answer in answers] == pytest.approx(
        [expected("text_similarity", pair) for pair in pairs], abs=1e-5
    )
    with pytest.raises(ApiError) as caught:
        ask(client, "dog")
    assert error_of(caught) == {
        "type": "status_exception",
        "reason": "please provide configuration update for text_similarity task including the desired [text]",
        "status": 400,
    }


def test_a_request_may_name_the_result_and_forbid_cutting(client: Elasticsearch, runtime: Runtime) -> None:
    upload(client, "m", "text_embedding", runtime.definition("text_embedding"))
    start(client)
    config = {"text_embedding": {"results_field": "mine", "tokenization": {"bert": {"truncate": "none"}}}}
    (answer,) = ask(client, "a cat", inference_config=config)
    assert list(answer) == ["mine"]
    with pytest.raises(ApiError) as caught:
        ask(client, "a cat " * 20, inference_config=config)
    assert error_of(caught) == {
        "type": "status_exception",
        "reason": "Input too large. The tokenized input length [42] exceeds the maximum sequence length [16]",
        "status": 400,
    }


@pytest.mark.parametrize(
    ("body", "type", "reason"),
    [
        ({}, "illegal_argument_exception", "[docs] must not be null."),
        (
            {"docs": [{"text_field": "a"}], "x": 1},
            "x_content_parse_exception",
            "[1:30] [cluster:internal/xpack/ml/inference/infer] unknown field [x]",
        ),
        (
            {"docs": [{"title": "a"}]},
            "status_exception",
            "Input field [text_field] does not exist in the source document",
        ),
        (
            {"docs": [{"text_field": 5}]},
            "status_exception",
            "Input value [5] for field [text_field] must be a string",
        ),
        (
            {"docs": [{"text_field": "a"}], "inference_config": {"text_expansion": {}}},
            "status_exception",
            "Inference config of type [text_embedding] can not be updated with a inference request of type"
            " [text_expansion]",
        ),
        (
            {"docs": [{"text_field": "a"}], "inference_config": {"text_embedding": {"tokenization": {"mpnet": {}}}}},
            "status_exception",
            "Tokenization config of type [bert] can not be updated with a request of type [mpnet]",
        ),
        (
            {"docs": [{"text_field": "a"}], "inference_config": {"text_similarity": {}}},
            "x_content_parse_exception",
            "[cluster:internal/xpack/ml/inference/infer] failed to parse field [inference_config]",
        ),
    ],
)
def test_a_wrong_question_is_refused_in_elasticsearchs_words(
    client: Elasticsearch, monkeypatch: pytest.MonkeyPatch, body: dict[str, Any], type: str, reason: str
) -> None:
    upload(client, "m", "text_embedding", runtime_named("stand-in", monkeypatch).definition("text_embedding"))
    start(client)
    with pytest.raises(ApiError) as caught:
        client.perform_request(
            "POST",
            "/_ml/trained_models/m/_infer",
            body=body,
            headers={"accept": "application/json", "content-type": "application/json"},
        )
    error = error_of(caught)
    assert (error["status"], error["type"]) == (400, type)
    assert error["reason"].endswith(reason)


def test_the_older_form_takes_one_document_and_says_that_it_is_old(
    client: Elasticsearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(client, "m", "text_embedding", runtime_named("stand-in", monkeypatch).definition("text_embedding"))
    start(client)
    headers = {"accept": "application/json", "content-type": "application/json"}

    def old(docs: list[dict[str, str]]) -> Any:
        return client.perform_request(
            "POST", "/_ml/trained_models/m/deployment/_infer", body={"docs": docs}, headers=headers
        )

    with pytest.warns(Warning, match=r"deployment/_infer\] is deprecated! Use \[POST .*/_infer\] instead"):
        answer = old([{"text_field": "a cat"}])
    assert len(answer["inference_results"]) == 1
    with pytest.raises(ApiError, match="multiple documents are not supported"):
        old([{"text_field": "a"}, {"text_field": "b"}])


def test_statistics_count_what_was_asked(client: Elasticsearch, runtime: Runtime) -> None:
    upload(client, "m", "text_embedding", runtime.definition("text_embedding"), metadata=METADATA)
    start(client, number_of_allocations=2, threads_per_allocation=4)
    ask(client, "a cat", "the mat")
    with pytest.raises(ApiError):
        ask(
            client, "a cat " * 20, inference_config={"text_embedding": {"tokenization": {"bert": {"truncate": "none"}}}}
        )
    (stats,) = client.ml.get_trained_models_stats(model_id="m")["trained_model_stats"]
    assert (stats["inference_stats"]["inference_count"], stats["inference_stats"]["failure_count"]) == (2, 1)
    deployment = stats["deployment_stats"]
    assert deployment["allocation_status"] == {
        "allocation_count": 2,
        "target_allocation_count": 2,
        "state": "fully_allocated",
    }
    assert (deployment["state"], deployment["error_count"], deployment["inference_count"]) == ("started", 1, 2)
    (node,) = deployment["nodes"]
    assert node["routing_state"] == {"routing_state": "started"}
    assert node["average_inference_time_ms"] > 0


def test_a_model_may_be_deployed_several_times(client: Elasticsearch, runtime: Runtime) -> None:
    upload(client, "m", "text_embedding", runtime.definition("text_embedding"))
    for name in ("one", "two"):
        assert start(client, deployment_id=name)["assignment"]["task_parameters"]["deployment_id"] == name
    rows = client.ml.get_trained_models_stats(model_id="m")["trained_model_stats"]
    assert [row["deployment_stats"]["deployment_id"] for row in rows] == ["one", "two"]
    assert ask(client, "a cat", model_id="two") == ask(client, "a cat", model_id="m")
    client.ml.stop_trained_model_deployment(model_id="one")
    client.ml.stop_trained_model_deployment(model_id="two")
    with pytest.raises(ApiError, match=r"Model \[m\] must be deployed to use"):
        ask(client, "a cat")


def test_a_deployment_is_started_once_and_stopped_as_often_as_one_likes(
    client: Elasticsearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(client, "m", "text_embedding", runtime_named("stand-in", monkeypatch).definition("text_embedding"))
    start(client)
    with pytest.raises(ApiError) as caught:
        start(client)
    assert error_of(caught) == {
        "type": "status_exception",
        "reason": "Cannot start deployment [m] because it has already been started",
        "status": 409,
    }
    for _ in range(2):
        assert client.ml.stop_trained_model_deployment(model_id="m").body == {"stopped": True}
    with pytest.raises(ApiError) as caught:
        client.ml.stop_trained_model_deployment(model_id="m", allow_no_match=False)
    assert error_of(caught) == {
        "type": "resource_not_found_exception",
        "reason": "No known model deployment with id [m]",
        "status": 404,
    }


def test_a_deployed_model_is_deleted_by_force_only(client: Elasticsearch, monkeypatch: pytest.MonkeyPatch) -> None:
    upload(client, "m", "text_embedding", runtime_named("stand-in", monkeypatch).definition("text_embedding"))
    start(client)
    with pytest.raises(ApiError) as caught:
        client.ml.delete_trained_model(model_id="m")
    assert error_of(caught) == {
        "type": "status_exception",
        "reason": "Cannot delete model [m] as it is currently deployed; use force to delete the model",
        "status": 409,
    }
    assert client.ml.delete_trained_model(model_id="m", force=True).body == {"acknowledged": True}
    with pytest.raises(ApiError, match=r"Could not find trained model \[m\]"):
        ask(client, "a cat")


def test_a_deployment_survives_a_restart(tmp_path: Path, runtime: Runtime) -> None:
    with connect(f"embedded:{tmp_path}", max_retries=0) as client:
        upload(client, "m", "text_embedding", runtime.definition("text_embedding"))
        start(client, deployment_id="mine", number_of_allocations=2)
        before = ask(client, "a cat")
    with connect(f"embedded:{tmp_path}", max_retries=0) as client:
        (stats,) = client.ml.get_trained_models_stats(model_id="m")["trained_model_stats"]
        assert stats["deployment_stats"]["deployment_id"] == "mine"
        assert stats["deployment_stats"]["number_of_allocations"] == 2
        assert ask(client, "a cat", model_id="mine") == before
        client.ml.stop_trained_model_deployment(model_id="mine")
    with (
        connect(f"embedded:{tmp_path}", max_retries=0) as client,
        pytest.raises(ApiError, match=r"Model \[m\] must be deployed to use"),
    ):
        ask(client, "a cat")


def test_allocations_can_be_changed_and_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = runtime_named("stand-in", monkeypatch)
    with connect(f"embedded:{tmp_path}", max_retries=0) as client:
        upload(client, "m", "text_embedding", runtime.definition("text_embedding"))
        start(client)
        answer = client.ml.update_trained_model_deployment(model_id="m", number_of_allocations=3)
        assert answer["assignment"]["task_parameters"]["number_of_allocations"] == 3
        adaptive = {"enabled": True, "min_number_of_allocations": 2, "max_number_of_allocations": 5}
        answer = client.ml.update_trained_model_deployment(model_id="m", adaptive_allocations=adaptive)
        assert answer["assignment"]["adaptive_allocations"] == adaptive
    with connect(f"embedded:{tmp_path}", max_retries=0) as client:
        (stats,) = client.ml.get_trained_models_stats(model_id="m")["trained_model_stats"]
        assert stats["deployment_stats"]["adaptive_allocations"] == adaptive
        for body, reason in (
            ({"number_of_allocations": 0}, "[number_of_allocations] must be a positive integer"),
            (
                {"number_of_allocations": 1, "adaptive_allocations": {"enabled": True}},
                "[number_of_allocations] cannot be set if adaptive allocations is enabled",
            ),
        ):
            with pytest.raises(ApiError) as caught:
                client.ml.update_trained_model_deployment(model_id="m", body=body)
            assert error_of(caught)["reason"] == f"Validation Failed: 1: {reason};"
        with pytest.raises(ApiError, match=r"No known model deployment with id \[nope\]"):
            client.ml.update_trained_model_deployment(model_id="nope", number_of_allocations=1)


def test_nobody_waits_longer_than_the_timeout(client: Elasticsearch, monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    runtime = runtime_named("stand-in", monkeypatch)
    upload(client, "m", "text_embedding", runtime.definition("text_embedding"))
    start(client)
    monkeypatch.setattr("tests.node.trained.StandIn.run", lambda *_: released.wait(60))
    try:
        with pytest.raises(ApiError) as caught:
            client.ml.infer_trained_model(model_id="m", docs=[{"text_field": "a"}], timeout="100ms")
    finally:
        released.set()
    assert error_of(caught) == {
        "type": "status_exception",
        "reason": "timeout [100ms] waiting for inference result",
        "status": 408,
    }
