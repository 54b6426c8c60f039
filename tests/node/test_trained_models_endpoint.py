"""An uploaded model behind an endpoint of the service `elasticsearch`."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from elasticsearch import ApiError, Elasticsearch

from headpond import connect
from tests.models.tiny import VOCABULARY
from tests.node.trained import Runtime, error_of, expected, runtime_named, upload

A_CAT = [2, 6, 7, 3]
ALLOCATIONS = {"num_allocations": 1, "num_threads": 1}


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Runtime:
    return runtime_named("stand-in", monkeypatch)


def put(client: Elasticsearch, task_type: str, name: str = "mine", **settings: Any) -> dict[str, Any]:
    config = {"service": "elasticsearch", "service_settings": settings}
    answer = client.inference.put(inference_id=name, task_type=task_type, inference_config=config, timeout="2m")
    return dict(answer.body)


def deployments(client: Elasticsearch) -> list[str]:
    rows = client.ml.get_trained_models_stats()["trained_model_stats"]
    return [row["deployment_stats"]["deployment_id"] for row in rows if "deployment_stats" in row]


def test_an_uploaded_model_serves_dense_vectors(client: Elasticsearch, runtime: Runtime) -> None:
    prefixes = {"ingest": "passage : ", "search": "query : "}
    upload(client, "m", "text_embedding", runtime.definition("text_embedding"), prefix_strings=prefixes)
    shown = put(client, "text_embedding", model_id="m", **ALLOCATIONS)
    assert list(shown["service_settings"].items()) == [
        ("num_allocations", 1),
        ("num_threads", 1),
        ("model_id", "m"),
        ("similarity", "cosine"),
        ("dimensions", 4),
        ("element_type", "float"),
    ]
    assert (shown["headpond"]["serves"], shown["headpond"]["method"]) == ("m", "embedding")
    for use, prefix in ((None, []), ("search", ["query", ":"]), ("ingest", ["passage", ":"])):
        ids = [2, *(VOCABULARY.index(word) for word in prefix), 6, 7, 3]
        answer = client.inference.text_embedding(inference_id="mine", input="a cat", input_type=use, timeout="1m")
        np.testing.assert_allclose(answer["text_embedding"][0]["embedding"], expected("text_embedding", ids), atol=1e-6)


def test_an_uploaded_model_serves_sparse_vectors(client: Elasticsearch, runtime: Runtime) -> None:
    upload(client, "m", "text_expansion", runtime.definition("text_expansion"))
    put(client, "sparse_embedding", model_id="m", **ALLOCATIONS)
    answer = client.inference.sparse_embedding(inference_id="mine", input=["a cat", "a cat " * 20], timeout="1m")
    first, second = answer["sparse_embedding"]
    spelt = {word.replace(".", "__"): weight for word, weight in expected("text_expansion", A_CAT).items()}
    assert first["embedding"] == pytest.approx(spelt, abs=1e-6)
    assert (first["is_truncated"], second["is_truncated"]) == (False, True)


def test_an_uploaded_cross_encoder_reranks(client: Elasticsearch, runtime: Runtime) -> None:
    upload(client, "m", "text_similarity", runtime.definition("text_similarity"))
    put(client, "rerank", model_id="m", **ALLOCATIONS)
    answer = client.inference.rerank(inference_id="mine", query="a cat", input=["dog", "the mat"], timeout="1m")
    scores = [expected("text_similarity", [*A_CAT, *rest, 3]) for rest in ([8], [5, 11])]
    assert [hit["index"] for hit in answer["rerank"]] == sorted((0, 1), key=lambda place: -scores[place])
    for hit in answer["rerank"]:
        assert hit["relevance_score"] == pytest.approx(scores[hit["index"]], abs=1e-5)
        assert hit["text"] == ["dog", "the mat"][hit["index"]]


def test_the_deployment_has_the_endpoints_id_and_goes_with_it(client: Elasticsearch, stand_in: Runtime) -> None:
    upload(client, "m", "text_embedding", stand_in.definition("text_embedding"))
    put(client, "text_embedding", model_id="m", **ALLOCATIONS)
    assert deployments(client) == ["mine"]
    with pytest.raises(ApiError, match="currently deployed"):
        client.ml.delete_trained_model(model_id="m")
    client.inference.delete(inference_id="mine")
    assert deployments(client) == []
    client.ml.delete_trained_model(model_id="m")


def test_an_endpoint_and_its_deployment_survive_a_restart(tmp_path: Path, runtime: Runtime) -> None:
    with connect(f"embedded:{tmp_path}", max_retries=0) as client:
        upload(client, "m", "text_embedding", runtime.definition("text_embedding"))
        made = put(client, "text_embedding", model_id="m", **ALLOCATIONS)
    with connect(f"embedded:{tmp_path}", max_retries=0) as client:
        assert client.inference.get(inference_id="mine")["endpoints"] == [made]
        answer = client.inference.text_embedding(inference_id="mine", input="a cat", timeout="2m")
        np.testing.assert_allclose(
            answer["text_embedding"][0]["embedding"], expected("text_embedding", A_CAT), atol=1e-6
        )


def test_an_endpoint_can_use_a_deployment_that_runs(client: Elasticsearch, stand_in: Runtime) -> None:
    upload(client, "m", "text_embedding", stand_in.definition("text_embedding"))
    client.ml.start_trained_model_deployment(model_id="m", deployment_id="d", number_of_allocations=3)
    shown = put(client, "text_embedding", deployment_id="d")
    assert list(shown["service_settings"].items())[:4] == [
        ("num_allocations", 3),
        ("num_threads", 1),
        ("model_id", "m"),
        ("deployment_id", "d"),
    ]
    with pytest.raises(ApiError, match="must be updated through the trained models API"):
        client.inference.update(inference_id="mine", inference_config={"service_settings": {"num_allocations": 2}})
    client.inference.delete(inference_id="mine")
    assert deployments(client) == ["d"]


@pytest.mark.parametrize(
    ("settings", "status", "reason"),
    [
        ({"deployment_id": "nope"}, 404, "Cannot find deployment [nope]"),
        (
            {"deployment_id": "d", "model_id": "other"},
            400,
            "Deployment [d] uses model [m] which does not match the model [other] in the request.",
        ),
        (
            {"deployment_id": "d"},
            400,
            "Deployed model [m] with type [text_embedding] does not match the requested task type [rerank]",
        ),
        (
            {"model_id": "m", **ALLOCATIONS},
            400,
            "Deployed model [m] with type [text_embedding] does not match the requested task type [rerank]",
        ),
    ],
)
def test_a_deployment_that_does_not_fit_is_refused(
    client: Elasticsearch, stand_in: Runtime, settings: dict[str, Any], status: int, reason: str
) -> None:
    upload(client, "m", "text_embedding", stand_in.definition("text_embedding"))
    client.ml.start_trained_model_deployment(model_id="m", deployment_id="d")
    with pytest.raises(ApiError) as caught:
        put(client, "rerank", **settings)
    assert error_of(caught) == {"type": "status_exception", "reason": reason, "status": status}
    assert deployments(client) == ["d"]


def test_ids_of_endpoints_and_of_deployed_models_do_not_clash(client: Elasticsearch, stand_in: Runtime) -> None:
    upload(client, "m", "text_embedding", stand_in.definition("text_embedding"))
    client.ml.start_trained_model_deployment(model_id="m", deployment_id="d")
    unique = (
        "Inference endpoint IDs must be unique. Requested inference endpoint ID [{}] matches existing trained model"
    )
    for name in ("d", "m"):
        with pytest.raises(ApiError) as caught:
            put(client, "text_embedding", name, model_id="m", **ALLOCATIONS)
        assert error_of(caught)["reason"] == f"{unique.format(name)} ID(s) but must not."
    client.ml.stop_trained_model_deployment(model_id="d")
    put(client, "text_embedding", "m", model_id="m", **ALLOCATIONS)
    with pytest.raises(ApiError) as caught:
        client.ml.start_trained_model_deployment(model_id="m", deployment_id="d")
    assert error_of(caught)["reason"] == f"{unique.format('m')} ID(s) but must not."


def test_an_endpoint_that_cannot_be_made_leaves_no_deployment(client: Elasticsearch, stand_in: Runtime) -> None:
    upload(client, "m", "text_embedding", stand_in.definition("text_expansion"))  # not what it is said to be
    with pytest.raises(ApiError, match="not one vector") as caught:
        put(client, "text_embedding", model_id="m", **ALLOCATIONS)
    assert error_of(caught)["reason"].startswith("Could not complete inference endpoint creation")
    assert deployments(client) == []


def test_without_torch_an_endpoint_is_not_made_and_the_extra_is_named(
    client: Elasticsearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    upload(client, "m", "text_embedding", b"x" * 10)
    with pytest.raises(ApiError, match=r"pip install 'headpond\[torch\]'") as caught:
        put(client, "text_embedding", model_id="m", **ALLOCATIONS)
    assert error_of(caught)["status"] == 501
    assert deployments(client) == []


def test_an_endpoint_whose_deployment_was_stopped_says_so(client: Elasticsearch, stand_in: Runtime) -> None:
    upload(client, "m", "text_embedding", stand_in.definition("text_embedding"))
    put(client, "text_embedding", model_id="m", **ALLOCATIONS)
    client.ml.stop_trained_model_deployment(model_id="mine", force=True)
    with pytest.raises(ApiError) as caught:
        client.inference.text_embedding(inference_id="mine", input="a cat")
    assert error_of(caught) == {
        "type": "resource_not_found_exception",
        "reason": "Could not find trained model [mine]",
        "status": 404,
    }


def test_nobody_waits_longer_than_the_timeout(
    client: Elasticsearch, stand_in: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(client, "m", "text_embedding", stand_in.definition("text_embedding"))
    put(client, "text_embedding", model_id="m", **ALLOCATIONS)
    released = threading.Event()
    monkeypatch.setattr("tests.node.trained.StandIn.run", lambda *_: released.wait(60))
    try:
        with pytest.raises(ApiError) as caught:
            client.inference.text_embedding(inference_id="mine", input=["a", "b"], timeout="100ms")
    finally:
        released.set()
    assert error_of(caught) == {
        "type": "status_exception",
        "reason": "Request timed out after [100ms]",
        "status": 408,
    }


def test_allocations_of_an_endpoint_are_those_of_its_deployment(client: Elasticsearch, stand_in: Runtime) -> None:
    upload(client, "m", "text_embedding", stand_in.definition("text_embedding"))
    put(client, "text_embedding", model_id="m", **ALLOCATIONS)
    client.inference.update(inference_id="mine", inference_config={"service_settings": {"num_allocations": 4}})
    (row,) = client.ml.get_trained_models_stats(model_id="m")["trained_model_stats"]
    assert row["deployment_stats"]["number_of_allocations"] == 4


def test_the_weights_of_an_endpoint_change_with_the_model(client: Elasticsearch, stand_in: Runtime) -> None:
    seen = set()
    for seed, prefix in ((0, "a "), (1, "a "), (1, "the ")):
        definition = stand_in.definition("text_embedding", seed)
        upload(client, "m", "text_embedding", definition, prefix_strings={"search": prefix})
        seen.add(put(client, "text_embedding", model_id="m", **ALLOCATIONS)["headpond"]["weights"])
        client.inference.delete(inference_id="mine")
        client.ml.delete_trained_model(model_id="m")
    assert len(seen) == 3
