"""Endpoints through the official client: made, shown, kept, changed, forgotten."""

import sqlite3
import stat
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import BadRequestError, Elasticsearch, NotFoundError

from headpond import connect

BUILTIN = [".elser-2-elasticsearch", ".multilingual-e5-small-elasticsearch", ".rerank-v1-elasticsearch"]
CHUNKING = {"strategy": "sentence", "max_chunk_size": 250, "sentence_overlap": 1}


def put(client: Elasticsearch, name: str, in_path: str | None = "text_embedding", **body: Any) -> dict[str, Any]:
    config = {"service": "fake", "service_settings": {}, **body}
    return dict(client.inference.put(inference_id=name, task_type=in_path, inference_config=config))


def names(client: Elasticsearch, **options: Any) -> list[str]:
    return [endpoint["inference_id"] for endpoint in client.inference.get(**options)["endpoints"]]


def test_put_answers_with_the_stored_endpoint(client: Elasticsearch) -> None:
    stored = put(client, "d", service_settings={"dimensions": 8, "model_id": "m"})
    assert stored == {
        "inference_id": "d",
        "task_type": "text_embedding",
        "service": "fake",
        "service_settings": {"model_id": "m", "similarity": "cosine", "dimensions": 8},
        "chunking_settings": CHUNKING,
    }
    assert client.inference.get(inference_id="d")["endpoints"] == [stored]
    assert client.inference.get(inference_id="d", task_type="text_embedding")["endpoints"] == [stored]


def test_the_task_type_may_stand_in_the_body(client: Elasticsearch) -> None:
    assert put(client, "s", None, task_type="sparse_embedding")["task_type"] == "sparse_embedding"
    assert put(client, "r", "rerank", task_type="rerank")["task_type"] == "rerank"


def test_rerank_has_no_chunking_settings_and_shows_its_task_settings(client: Elasticsearch) -> None:
    stored = put(client, "r", "rerank", task_settings={"top_n": 3})
    assert list(stored) == ["inference_id", "task_type", "service", "service_settings", "task_settings"]
    assert stored["task_settings"] == {"top_n": 3}


def test_chunking_settings_are_kept_as_given(client: Elasticsearch) -> None:
    given = {"strategy": "word", "max_chunk_size": 100, "overlap": 20}
    assert put(client, "d", chunking_settings=given)["chunking_settings"] == given


def test_all_endpoints_are_listed_by_id_with_the_built_in_ones(client: Elasticsearch) -> None:
    put(client, "b")
    put(client, "a", "rerank")
    assert names(client) == [*BUILTIN, "a", "b"]
    assert names(client, inference_id="_all") == [*BUILTIN, "a", "b"]
    assert names(client, inference_id="*") == [*BUILTIN, "a", "b"]
    assert names(client, task_type="rerank", inference_id="_all") == [BUILTIN[2], "a"]
    assert names(client, task_type="rerank") == [BUILTIN[2], "a"]
    assert names(client, task_type="completion") == []


def test_a_deleted_endpoint_is_gone_and_its_id_free(client: Elasticsearch) -> None:
    put(client, "d")
    answer = client.inference.delete(inference_id="d", task_type="text_embedding")
    assert answer.body == {"acknowledged": True, "pipelines": [], "indexes": []}
    with pytest.raises(NotFoundError):
        client.inference.get(inference_id="d")
    assert put(client, "d", "rerank")["task_type"] == "rerank"


def test_a_dry_run_deletes_nothing(client: Elasticsearch) -> None:
    put(client, "d")
    answer = client.inference.delete(inference_id="d", dry_run=True)
    assert answer.body == {"acknowledged": False, "pipelines": [], "indexes": [], "error_message": ""}
    assert client.inference.delete(inference_id="d", force=True)["acknowledged"] is True


def test_a_built_in_endpoint_cannot_be_deleted_for_good(client: Elasticsearch) -> None:
    assert client.inference.delete(inference_id=BUILTIN[0])["acknowledged"] is True
    assert BUILTIN[0] in names(client)


def test_an_id_can_be_taken_once(client: Elasticsearch) -> None:
    put(client, "d")
    with pytest.raises(BadRequestError, match="already exists"):
        put(client, "d", "rerank")
    assert client.inference.get(inference_id="d")["endpoints"][0]["task_type"] == "text_embedding"


def test_update_changes_task_settings_member_by_member(client: Elasticsearch) -> None:
    put(client, "r", "rerank", task_settings={"top_n": 3})
    updated = client.inference.update(
        inference_id="r", inference_config={"task_settings": {"return_documents": True}, "task_type": "rerank"}
    )
    assert updated["task_settings"] == {"top_n": 3, "return_documents": True}
    assert client.inference.get(inference_id="r")["endpoints"] == [updated.body]


def test_endpoints_and_secrets_outlive_the_process(tmp_path: Path) -> None:
    with connect(f"embedded:{tmp_path}") as client:
        stored = put(client, "d", service_settings={"dimensions": 3})
        vector = client.inference.text_embedding(inference_id="d", input="a").body
        put(client, "gone")
        client.inference.delete(inference_id="gone")
    with connect(f"embedded:{tmp_path}") as client:
        assert client.inference.get(inference_id="d")["endpoints"] == [stored]
        assert client.inference.text_embedding(inference_id="d", input="a").body == vector
        assert names(client) == [*BUILTIN, "d"]


def test_the_file_of_secrets_is_the_owners_alone(tmp_path: Path) -> None:
    with connect(f"embedded:{tmp_path}") as client:
        put(client, "d")
        files = [file for file in tmp_path.iterdir() if file.name.startswith("secrets")]
        assert files
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_pond_without_its_secrets_still_lists_its_endpoints(tmp_path: Path) -> None:
    with connect(f"embedded:{tmp_path}") as client:
        put(client, "d")
    (tmp_path / "secrets.sqlite3").unlink()
    with connect(f"embedded:{tmp_path}") as client:
        assert names(client) == [*BUILTIN, "d"]


def test_secrets_nobody_refers_to_are_swept(tmp_path: Path) -> None:
    with connect(f"embedded:{tmp_path}") as client:
        put(client, "d")
        client.inference.delete(inference_id="d")
    connection = sqlite3.connect(tmp_path / "secrets.sqlite3")
    assert connection.execute("SELECT count(*) FROM secrets").fetchone() == (0,)
    connection.close()
