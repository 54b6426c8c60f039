from __future__ import annotations

from typing import Any

import pytest
from elasticsearch import Elasticsearch

from headpond.errors import PipelineError, TargetError
from tests.pipeline.conftest import Build
from tests.pipeline.pipelines import RECORDS, SETTINGS, fake, standard


def test_endpoints_and_index_are_made(es: Elasticsearch, build: Build) -> None:
    assert build().apply() == "things"
    made = es.inference.get(inference_id="dense")["endpoints"][0]
    assert (made["service"], made["service_settings"]["dimensions"]) == ("fake", 16)
    properties = es.indices.get_mapping(index="things")["things"]["mappings"]["properties"]
    assert properties["dense"]["type"] == "dense_vector"
    assert properties["dense"]["dims"] == 16
    assert properties["dense"]["similarity"] == "cosine"
    assert properties["sparse"]["type"] == "sparse_vector"
    assert properties["headpond"]["properties"]["hash"]["type"] == "keyword"


def test_dims_of_a_mapping_come_from_the_endpoint(es: Elasticsearch, build: Build) -> None:
    fields = {"dense": {"type": "dense_vector"}, "sparse": {"type": "sparse_vector"}, "kind": {"type": "keyword"}}
    build(index={"name": "things", "mapping": {"mappings": {"properties": fields}}}).apply()
    properties = es.indices.get_mapping(index="things")["things"]["mappings"]["properties"]
    assert properties["dense"]["dims"] == 16
    assert properties["kind"]["type"] == "keyword"


def test_applying_twice_changes_nothing(es: Elasticsearch, build: Build) -> None:
    build().apply()
    before = es.indices.get_mapping(index="things").body, es.inference.get().body
    build().apply()
    assert (es.indices.get_mapping(index="things").body, es.inference.get().body) == before


def test_another_index_can_be_named(es: Elasticsearch, build: Build) -> None:
    assert build().apply("others") == "others"
    assert es.indices.exists(index="others")


def test_the_index_takes_the_pipelines_name_when_it_has_none(build: Build) -> None:
    assert build(index={}).apply() == "standard"


def test_an_endpoint_with_other_settings_is_named_with_the_difference(build: Build) -> None:
    build().apply()
    changed = {**standard()["endpoints"], "dense": fake("text_embedding", dimensions=32)}
    with pytest.raises(PipelineError) as caught:
        build(endpoints=changed).apply()
    assert "[dense] exists with other settings: service_settings.dimensions is 16 there and 32 in the file" in str(
        caught.value
    )
    assert "DELETE _inference/dense" in str(caught.value)


def test_an_endpoint_that_nobody_declares_must_exist(build: Build) -> None:
    endpoints = {key: value for key, value in standard()["endpoints"].items() if key != "sparse"}
    with pytest.raises(PipelineError, match=r"the target has no endpoint \[sparse\]\n  declare it under `endpoints:`"):
        build(endpoints=endpoints).apply()


def test_an_endpoint_of_another_task_type_is_refused(build: Build) -> None:
    rerank = [{"rerank": {"inference_id": "sparse", "field": "body"}}]
    with pytest.raises(PipelineError, match=r"endpoint \[sparse\] does sparse_embedding, here it must do rerank"):
        build(response_processors=rerank).apply()


def test_an_endpoint_the_target_refuses_is_said_without_the_secret(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_SECRET", "hunter2hunter2")
    broken = {**standard()["endpoints"], "dense": fake("text_embedding", dimensions="${MY_SECRET}")}
    with pytest.raises(TargetError) as caught:
        build(endpoints=broken).apply()
    assert "did not make endpoint [dense]" in str(caught.value)
    assert "${MY_SECRET}" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_an_unset_variable_is_said_before_anything_is_made(es: Elasticsearch, build: Build) -> None:
    endpoints = {"dense": fake("text_embedding", model_id="${NO_SUCH_NAME}")}
    with pytest.raises(PipelineError, match="the environment variable NO_SUCH_NAME is not set"):
        build(endpoints=endpoints).apply()
    assert not es.indices.exists(index="things")


WRONG_FIELDS: dict[str, tuple[dict[str, Any], str]] = {
    "dims": ({"type": "dense_vector", "dims": 8}, r"field \[dense\] has 8 dims, endpoint \[dense\] gives 16"),
    "type": ({"type": "text"}, r"field \[dense\] is of type text, .* needs dense_vector"),
}


@pytest.mark.parametrize(("definition", "message"), WRONG_FIELDS.values(), ids=WRONG_FIELDS)
def test_a_mapping_that_does_not_fit_is_refused(build: Build, definition: dict[str, Any], message: str) -> None:
    fields = {"dense": definition, "sparse": {"type": "sparse_vector"}}
    with pytest.raises(PipelineError, match=message):
        build(index={"name": "things", "mapping": {"mappings": {"properties": fields}}}).apply()


@pytest.mark.parametrize(("definition", "message"), WRONG_FIELDS.values(), ids=WRONG_FIELDS)
def test_an_existing_index_that_does_not_fit_is_refused_before_the_first_write(
    es: Elasticsearch, build: Build, definition: dict[str, Any], message: str
) -> None:
    es.indices.create(
        index="things", mappings={"properties": {"dense": definition, "sparse": {"type": "sparse_vector"}}}
    )
    with pytest.raises(PipelineError, match=message):
        build().ingest(RECORDS, settings=SETTINGS)
    assert es.count(index="things")["count"] == 0


def test_an_existing_index_without_a_vector_field_is_refused(es: Elasticsearch, build: Build) -> None:
    es.indices.create(index="things", mappings={"properties": {"dense": {"type": "dense_vector", "dims": 16}}})
    with pytest.raises(PipelineError, match=r"index \[things\]: there is no field \[sparse\]"):
        build().apply()


def test_an_existing_index_that_fits_gets_the_field_for_hashes(es: Elasticsearch, build: Build) -> None:
    fields = {"dense": {"type": "dense_vector", "dims": 16}, "sparse": {"type": "sparse_vector"}}
    es.indices.create(
        index="things", mappings={"dynamic": "strict", "properties": {**fields, "body": {"type": "text"}}}
    )
    build().apply()
    assert build().ingest([{"body": "a"}], settings=SETTINGS).indexed == 1


def test_vectors_of_another_model_are_not_mixed_in(es: Elasticsearch, build: Build) -> None:
    build().ingest(RECORDS, settings=SETTINGS)
    es.inference.delete(inference_id="dense")
    other = {**standard()["endpoints"], "dense": fake("text_embedding", dimensions=16, seed=7)}
    with pytest.raises(PipelineError, match=r"field \[dense\] holds vectors of another model"):
        build(endpoints=other).ingest(RECORDS, settings=SETTINGS)


def test_an_alias_of_two_indices_takes_no_documents(es: Elasticsearch, build: Build) -> None:
    for name in ("a", "b"):
        es.indices.create(index=name, aliases={"things": {}})
    with pytest.raises(PipelineError, match=r"\[things\] stands for 2 indices"):
        build().apply()
