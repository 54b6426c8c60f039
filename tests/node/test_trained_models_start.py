"""Starting deployments of uploaded models: what is refused, and what is said when it does not work."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import ApiError, Elasticsearch

from tests.node.trained import Runtime, StandIn, configured, error_of, put_parts, runtime_named, start, upload


def ask(client: Elasticsearch, text: str) -> list[dict[str, Any]]:
    answer = client.ml.infer_trained_model(model_id="m", docs=[{"text_field": text}], timeout="1m")
    return list(answer["inference_results"])


def test_the_answer_to_starting_does_not_wait_when_told_so(client: Elasticsearch, runtime: Runtime) -> None:
    upload(client, "m", "text_embedding", runtime.definition("text_embedding"))
    assert start(client, wait_for="starting")["assignment"]["assignment_state"] in ("starting", "started")
    assert len(ask(client, "a cat")) == 1


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        (
            {"number_of_allocations": 0, "threads_per_allocation": 3, "queue_capacity": 0},
            "Validation Failed: 1: [number_of_allocations] must be a positive integer;2: [threads_per_allocation] must"
            " be a power of 2 less than or equal to 32;3: [queue_capacity] must be a positive integer;",
        ),
        (
            {"queue_capacity": 1_000_001, "threads_per_allocation": 64},
            "Validation Failed: 1: [threads_per_allocation] must be a power of 2 less than or equal to 32;"
            "2: [queue_capacity] must be less than 100000;",
        ),
        (
            {"priority": "low", "number_of_allocations": 2, "threads_per_allocation": 2},
            "Validation Failed: 1: [number_of_allocations] must be 1 when [priority] is low;"
            "2: [threads_per_allocation] must be 1 when [priority] is low;",
        ),
        (
            {"number_of_allocations": 1, "adaptive_allocations": {"enabled": True}},
            "Validation Failed: 1: [number_of_allocations] cannot be set if adaptive allocations is enabled;",
        ),
        ({"timeout": "soon"}, "failed to parse setting [timeout] with value [soon] as a time value"),
        (
            {"wait_for": "bogus"},
            "No enum constant org.elasticsearch.xpack.core.ml.inference.assignment.AllocationStatus.State.BOGUS",
        ),
        ({"cache_size": "much"}, "failed to parse setting [cache_size] with value [much] as a size in bytes"),
        (
            {"body": {"foo": 1}},
            "[1:2] [cluster:admin/xpack/ml/trained_models/deployment/start] unknown field [foo]",
        ),
        (
            {"body": {"model_id": "x"}},
            "Inconsistent model_id; 'x' specified in the body differs from 'm' specified as a URL argument",
        ),
        ({"deployment_id": "Bad Id"}, "Invalid deployment_id; 'Bad Id' can contain lowercase alphanumeric"),
        ({"deployment_id": "other"}, "Deployment id [other] is the same as an another model which is not the model"),
    ],
)
def test_a_wrong_start_is_refused_in_elasticsearchs_words(
    client: Elasticsearch, params: dict[str, Any], reason: str
) -> None:
    upload(client, "m", "text_embedding", b"x" * 10)
    configured(client, "other")
    with pytest.raises(ApiError) as caught:
        client.ml.start_trained_model_deployment(model_id="m", **params)
    error = error_of(caught)
    assert error["status"] == 400
    assert error["reason"].startswith(reason)
    assert "deployment_stats" not in client.ml.get_trained_models_stats(model_id="m")["trained_model_stats"][0]


def test_starting_what_is_not_there_is_a_404(client: Elasticsearch) -> None:
    with pytest.raises(ApiError, match=r"No known trained model with model_id \[nope\]") as caught:
        start(client, "nope")
    assert error_of(caught)["status"] == 404


def test_without_torch_the_answer_names_what_to_install(client: Elasticsearch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    upload(client, "m", "text_embedding", b"x" * 10)
    with pytest.raises(ApiError) as caught:
        start(client)
    assert error_of(caught) == {
        "type": "not_implemented_exception",
        "reason": "running a model that Eland uploaded needs the package 'torch', which is not installed\n"
        "  pip install 'headpond[torch]'",
        "status": 501,
    }
    assert "deployment_stats" not in client.ml.get_trained_models_stats(model_id="m")["trained_model_stats"][0]


def test_a_definition_that_is_no_torchscript_does_not_start(client: Elasticsearch, runtime: Runtime) -> None:
    upload(client, "m", "text_embedding", b"PK no archive" * 10)
    with pytest.raises(ApiError) as caught:
        start(client)
    error = error_of(caught)
    assert (error["status"], error["type"]) == (500, "status_exception")
    assert error["reason"].startswith(
        "Could not start trained model deployment, the following nodes failed with errors"
    )
    assert "the definition is no TorchScript archive" in error["reason"]
    assert "deployment_stats" not in client.ml.get_trained_models_stats(model_id="m")["trained_model_stats"][0]


def test_a_model_without_vocabulary_does_not_start(client: Elasticsearch, runtime: Runtime) -> None:
    configured(client)
    put_parts(client, "m", runtime.definition("text_embedding"), parts=1)
    with pytest.raises(ApiError, match=r"Could not find vocabulary document \[m_vocabulary\] for trained model \[m\]"):
        start(client)
    client.ml.put_trained_model_vocabulary(model_id="m", vocabulary=["[PAD]", "a"])
    with pytest.raises(ApiError, match=r"stored vocabulary is missing required \[\[CLS\]\] token"):
        start(client)


def test_a_start_that_takes_too_long_goes_on(client: Elasticsearch, monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    runtime = runtime_named("stand-in", monkeypatch)
    upload(client, "m", "text_embedding", runtime.definition("text_embedding"))

    def slow(self: Any, path: Path) -> None:
        released.wait(60)
        original(self, path)

    original = StandIn.__init__
    monkeypatch.setattr(StandIn, "__init__", slow)
    try:
        with pytest.raises(ApiError) as caught:
            client.ml.start_trained_model_deployment(model_id="m", timeout="100ms")
        assert error_of(caught) == {
            "type": "model_deployment_timeout_exception",
            "reason": "Timed out after [100ms] waiting for trained model deployment [m] to start. Use the trained model"
            " stats API to track the state of the deployment and try again once it has started.",
            "status": 408,
        }
        (stats,) = client.ml.get_trained_models_stats(model_id="m")["trained_model_stats"]
        assert stats["deployment_stats"]["state"] == "starting"
        assert stats["deployment_stats"]["allocation_status"]["allocation_count"] == 0
    finally:
        released.set()
    assert len(ask(client, "a cat")) == 1
