"""Uploading trained models: configuration, definition in parts, vocabulary. None of it needs torch."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import ApiError, Elasticsearch

from headpond import connect
from tests.node.trained import INPUT, configured, error_of, put_parts, upload

CONTENT = bytes(range(256)) * 40


def test_a_configuration_is_answered_with_its_defaults(client: Elasticsearch) -> None:
    shown = configured(
        client,
        description="Model x for task type 'text_embedding'",
        metadata={"per_deployment_memory_bytes": 51008, "per_allocation_memory_bytes": 96832},
        prefix_strings={"ingest": "passage: ", "search": "query: "},
        tags=["mine"],
        platform_architecture="linux-x86_64",
    )
    assert isinstance(shown.pop("create_time"), int)
    assert list(shown.items()) == [
        ("model_id", "m"),
        ("model_type", "pytorch"),
        ("platform_architecture", "linux-x86_64"),
        ("created_by", "api_user"),
        ("version", "12.0.0"),
        ("model_size_bytes", 0),
        ("estimated_operations", 0),
        ("license_level", "platinum"),
        ("description", "Model x for task type 'text_embedding'"),
        ("tags", ["mine"]),
        ("metadata", {"per_deployment_memory_bytes": 51008, "per_allocation_memory_bytes": 96832}),
        ("input", INPUT),
        (
            "inference_config",
            {
                "text_embedding": {
                    "vocabulary": {"index": ".ml-inference-native-000002"},
                    "tokenization": {
                        "bert": {
                            "do_lower_case": True,
                            "with_special_tokens": True,
                            "max_sequence_length": 16,
                            "truncate": "first",
                            "span": -1,
                        }
                    },
                    "embedding_size": 4,
                }
            },
        ),
        ("location", {"index": {"name": ".ml-inference-native-000002"}}),
        ("prefix_strings", {"ingest": "passage: ", "search": "query: "}),
    ]
    assert client.ml.get_trained_models(model_id="m")["trained_model_configs"][0]["prefix_strings"] == {
        "ingest": "passage: ",
        "search": "query: ",
    }


@pytest.mark.parametrize(
    ("task", "config", "shown"),
    [
        ("text_expansion", {}, {"tokenization": {"bert": {"do_lower_case": False, "max_sequence_length": 512}}}),
        ("text_similarity", {}, {"span_score_combination_function": "max"}),
        (
            "text_embedding",
            {"tokenization": {"roberta": {"add_prefix_space": True}}, "results_field": "r"},
            {"tokenization": {"roberta": {"add_prefix_space": True, "truncate": "first"}}, "results_field": "r"},
        ),
        ("text_embedding", {"tokenization": {"mpnet": {}}}, {"tokenization": {"mpnet": {"span": -1}}}),
        ("text_embedding", {"tokenization": {"xlm_roberta": {}}}, {"tokenization": {"xlm_roberta": {}}}),
        ("text_embedding", {"tokenization": {"deberta_v2": {}}}, {"tokenization": {"deberta_v2": {}}}),
    ],
)
def test_every_kind_has_its_defaults(client: Elasticsearch, task: str, config: Any, shown: dict[str, Any]) -> None:
    (kept,) = configured(client, task=task, config=config or {"results_field": "x"})["inference_config"].values()
    for name, value in shown.items():
        if name != "tokenization":
            assert kept[name] == value
            continue
        ((kind, members),) = value.items()
        assert members.items() <= kept[name][kind].items()
        assert ("add_prefix_space" in kept[name][kind]) == (kind == "roberta")


def test_an_id_is_taken_once(client: Elasticsearch) -> None:
    configured(client)
    with pytest.raises(ApiError) as caught:
        configured(client)
    assert error_of(caught) == {
        "type": "resource_already_exists_exception",
        "reason": "Trained machine learning model [m] already exists",
        "status": 400,
    }


def test_a_definition_is_whole_when_its_last_part_is_there(client: Elasticsearch) -> None:
    configured(client)

    def status() -> tuple[bool, int]:
        (shown,) = client.ml.get_trained_models(model_id="m", include="definition_status")["trained_model_configs"]
        return shown["fully_defined"], shown["model_size_bytes"]

    assert status() == (False, 0)
    put_parts(client, "m", CONTENT, parts=4, only=[0, 1, 2])
    assert status() == (False, len(CONTENT))
    put_parts(client, "m", CONTENT, parts=4, only=[3])
    assert status() == (True, len(CONTENT))


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 1, 0, 2], [2, 3, 1, 0]])
def test_the_parts_make_the_file_that_was_sent_in_whatever_order(tmp_path: Path, order: list[int]) -> None:
    with connect(f"embedded:{tmp_path}", max_retries=0) as client:
        configured(client)
        put_parts(client, "m", CONTENT, parts=4, only=order)
    (file,) = [path for path in (tmp_path / "trained_models").rglob("*") if path.is_file()]
    assert file.name == "definition.pt"
    assert file.read_bytes() == CONTENT


def test_an_upload_goes_on_after_a_restart(tmp_path: Path) -> None:
    with connect(f"embedded:{tmp_path}", max_retries=0) as client:
        configured(client)
        put_parts(client, "m", CONTENT, parts=3, only=[0, 1])
    with connect(f"embedded:{tmp_path}", max_retries=0) as client:
        put_parts(client, "m", CONTENT, parts=3, only=[2])
        client.ml.put_trained_model_vocabulary(model_id="m", vocabulary=["a"])
    with connect(f"embedded:{tmp_path}", max_retries=0) as client:
        (shown,) = client.ml.get_trained_models(include="definition_status")["trained_model_configs"]
        assert (shown["model_id"], shown["fully_defined"]) == ("m", True)
    (file,) = (tmp_path / "trained_models").rglob("definition.pt")
    assert hashlib.sha256(file.read_bytes()).digest() == hashlib.sha256(CONTENT).digest()


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        (
            [],
            {
                "type": "resource_not_found_exception",
                "reason": "Could not find trained model definition [m]",
                "status": 404,
            },
        ),
        (
            [0, 1],
            {
                "type": "status_exception",
                "reason": "Model definition truncated. Unable to deserialize trained model definition [m]",
                "status": 400,
            },
        ),
    ],
)
def test_half_an_upload_cannot_be_started_and_can_be_replaced(
    client: Elasticsearch, only: list[int], expected: dict[str, Any]
) -> None:
    configured(client)
    put_parts(client, "m", CONTENT, parts=3, only=only)
    with pytest.raises(ApiError) as caught:
        client.ml.start_trained_model_deployment(model_id="m")
    assert error_of(caught) == expected
    client.ml.delete_trained_model(model_id="m")
    upload(client, "m", "text_embedding", CONTENT)
    (shown,) = client.ml.get_trained_models(model_id="m", include="definition_status")["trained_model_configs"]
    assert shown["fully_defined"] is True


@pytest.mark.parametrize("there", [[0], [0, 1]])
def test_a_part_is_taken_once_also_when_the_definition_is_whole(client: Elasticsearch, there: list[int]) -> None:
    configured(client)
    put_parts(client, "m", CONTENT, parts=2, only=there)
    with pytest.raises(ApiError) as caught:
        put_parts(client, "m", CONTENT, parts=2, only=[0])
    assert error_of(caught) == {
        "type": "resource_already_exists_exception",
        "reason": "Trained machine learning model chunked doc [m][0] already exists",
        "status": 400,
    }


def test_parts_that_contradict_each_other_are_named_when_it_is_started(client: Elasticsearch) -> None:
    configured(client)
    for part, total in ((0, 20), (1, 30)):
        client.ml.put_trained_model_definition_part(
            model_id="m", part=part, total_parts=2, total_definition_length=total, definition="AAAA"
        )
    with pytest.raises(ApiError) as caught:
        client.ml.start_trained_model_deployment(model_id="m")
    assert error_of(caught) == {
        "type": "status_exception",
        "reason": "[m] [total_definition_length] must be the same in all model definition parts. The value [30] in"
        " model definition part [1] does not match the value [20] in part [0]. Unable to deploy model, please delete"
        " and recreate the model definition",
        "status": 400,
    }


def test_more_than_was_said_is_refused_at_once(client: Elasticsearch) -> None:
    configured(client)
    with pytest.raises(ApiError, match=r"hold \[3\] bytes, more than \[total_definition_length\] \[2\]"):
        client.ml.put_trained_model_definition_part(
            model_id="m", part=0, total_parts=2, total_definition_length=2, definition="AAAA"
        )


def test_a_vocabulary_is_taken_once(client: Elasticsearch) -> None:
    configured(client)
    client.ml.put_trained_model_vocabulary(model_id="m", vocabulary=["a"])
    with pytest.raises(ApiError) as caught:
        client.ml.put_trained_model_vocabulary(model_id="m", vocabulary=["a"])
    assert error_of(caught)["reason"] == "Trained machine learning model [m] vocabulary already exists"


def test_what_belongs_to_no_model_is_not_kept(client: Elasticsearch) -> None:
    for call in (
        lambda: put_parts(client, "nope", CONTENT, parts=1),
        lambda: client.ml.put_trained_model_vocabulary(model_id="nope", vocabulary=["a"]),
        lambda: client.ml.delete_trained_model(model_id="nope"),
        lambda: client.ml.infer_trained_model(model_id="nope", docs=[{"text_field": "x"}]),
    ):
        with pytest.raises(ApiError) as caught:
            call()
        assert error_of(caught) == {
            "type": "resource_not_found_exception",
            "reason": "Could not find trained model [nope]",
            "status": 404,
        }


def test_models_are_found_by_ids_wildcards_and_tags(client: Elasticsearch) -> None:
    for name, tags in (("one", ["x"]), ("other", ["x", "y"]), ("third", [])):
        configured(client, name, tags=tags)

    def found(**params: Any) -> list[str]:
        return [model["model_id"] for model in client.ml.get_trained_models(**params)["trained_model_configs"]]

    assert found() == ["one", "other", "third"]
    assert found(model_id="*") == ["one", "other", "third"]
    assert found(model_id="o*") == ["one", "other"]
    assert found(model_id="third,one") == ["one", "third"]
    assert found(model_id="_all", tags="x,y") == ["other"]
    assert found(from_=1, size=1) == ["other"]
    assert client.ml.get_trained_models(from_=1, size=1)["count"] == 3
    assert found(model_id="z*") == []
    for params in ({"model_id": "z*", "allow_no_match": False}, {"model_id": "one,zwei"}):
        with pytest.raises(ApiError) as caught:
            client.ml.get_trained_models(**params)
        missing = str(params["model_id"]).rpartition(",")[2]
        assert error_of(caught) == {
            "type": "resource_not_found_exception",
            "reason": f"No known trained model with model_id [{missing}], you may need to create it or load it into the"
            " cluster with eland",
            "status": 404,
        }


def test_a_configuration_can_be_shown_fit_for_another_cluster(client: Elasticsearch) -> None:
    configured(client, description="d")
    (shown,) = client.ml.get_trained_models(model_id="m", exclude_generated=True)["trained_model_configs"]
    assert set(shown) == {"model_id", "model_type", "description", "tags", "input", "inference_config", "location"}
    del shown["location"], shown["model_id"], shown["inference_config"]["text_embedding"]["vocabulary"]
    client.ml.put_trained_model(model_id="copy", body=shown)


def test_deleting_removes_the_files(tmp_path: Path) -> None:
    with connect(f"embedded:{tmp_path}", max_retries=0) as client:
        upload(client, "m", "text_embedding", CONTENT)
        assert client.ml.delete_trained_model(model_id="m").body == {"acknowledged": True}
        assert [path for path in (tmp_path / "trained_models").rglob("*") if path.is_file()] == []
        assert client.ml.get_trained_models()["count"] == 0


def test_files_of_no_model_are_removed_when_the_pond_opens(tmp_path: Path) -> None:
    left = tmp_path / "trained_models" / "0123" / "0.part"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"x")
    with connect(f"embedded:{tmp_path}"):
        assert not left.parent.exists()


def test_a_definition_that_changed_on_disk_is_never_run(tmp_path: Path) -> None:
    with connect(f"embedded:{tmp_path}", max_retries=0) as client:
        upload(client, "m", "text_embedding", CONTENT)
        (file,) = (tmp_path / "trained_models").rglob("definition.pt")
        file.write_bytes(CONTENT + b"!")
        with pytest.raises(ApiError, match=r"its file has SHA-256 .*, uploaded was") as caught:
            client.ml.start_trained_model_deployment(model_id="m")
    assert error_of(caught)["status"] == 500


def test_a_model_that_is_not_deployed_says_how_to_deploy_it(client: Elasticsearch) -> None:
    upload(client, "m", "text_embedding", CONTENT)
    with pytest.raises(ApiError) as caught:
        client.ml.infer_trained_model(model_id="m", docs=[{"text_field": "x"}])
    assert error_of(caught) == {
        "type": "status_exception",
        "reason": "Model [m] must be deployed to use. Please deploy with the start trained model deployment API.",
        "status": 409,
    }
    (stats,) = client.ml.get_trained_models_stats(model_id="m")["trained_model_stats"]
    assert isinstance(stats["inference_stats"].pop("timestamp"), int)
    assert stats == {
        "model_id": "m",
        "model_size_stats": {
            "model_size_bytes": len(CONTENT),
            "required_native_memory_bytes": 240 * 1024 * 1024 + 2 * len(CONTENT),
        },
        "pipeline_count": 0,
        "inference_stats": {
            "failure_count": 0,
            "inference_count": 0,
            "cache_miss_count": 0,
            "missing_all_fields_count": 0,
        },
    }


def test_a_part_of_the_size_that_eland_sends_is_taken(client: Elasticsearch) -> None:
    configured(client)
    content = b"\x07" * (1024 * 1024)
    answer = client.ml.put_trained_model_definition_part(
        model_id="m",
        part=0,
        total_parts=1,
        total_definition_length=len(content),
        definition=base64.b64encode(content).decode(),
    )
    assert answer.body == {"acknowledged": True}
