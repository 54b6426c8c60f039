"""Pipelines in front of writes: `pipeline=`, `default_pipeline` and `final_pipeline`, on every way to write."""

from __future__ import annotations

from typing import Any

import pytest
from elasticsearch import ApiError, BadRequestError, Elasticsearch


@pytest.fixture(autouse=True)
def pipelines(es: Elasticsearch) -> None:
    for id in ("asked", "default", "final"):
        es.ingest.put_pipeline(id=id, processors=[{"append": {"field": "passed", "value": id}}])
    es.ingest.put_pipeline(id="odd", processors=[{"drop": {"if": "ctx.n == 1"}}, {"fail": {"if": "ctx.n == 2", "message": "no {{{n}}}"}}])  # fmt: skip  # noqa: E501
    es.indices.create(index="plain")
    es.indices.create(index="both", settings={"default_pipeline": "default", "final_pipeline": "final"})
    es.indices.create(index="elsewhere", settings={"default_pipeline": "default", "final_pipeline": "final"})


def passed(es: Elasticsearch, index: str, id: str = "1") -> Any:
    return es.get(index=index, id=id)["_source"].get("passed")


@pytest.mark.parametrize(
    ("index", "pipeline", "expected"),
    [
        ("plain", None, None),
        ("plain", "asked", ["asked"]),
        ("plain", "_none", None),
        ("both", None, ["default", "final"]),
        ("both", "asked", ["asked", "final"]),
        ("both", "_none", ["final"]),
    ],
)
def test_every_way_to_write_a_document_passes_the_same_pipelines(
    es: Elasticsearch, index: str, pipeline: str | None, expected: list[str] | None
) -> None:
    es.index(index=index, id="1", document={"n": 0}, pipeline=pipeline)
    es.create(index=index, id="2", document={"n": 0}, pipeline=pipeline)
    made = es.index(index=index, document={"n": 0}, pipeline=pipeline)["_id"]
    es.bulk(index=index, operations=[{"index": {"_id": "3"}}, {"n": 0}, {"create": {"_id": "4"}}, {"n": 0}], pipeline=pipeline)  # fmt: skip  # noqa: E501
    action = {"_index": index, "_id": "5"} | ({"pipeline": pipeline} if pipeline else {})
    es.bulk(operations=[{"index": action}, {"n": 0}])
    for id in ("1", "2", made, "3", "4", "5"):
        assert passed(es, index, id) == expected, id


def test_an_action_names_another_pipeline_than_its_request(es: Elasticsearch) -> None:
    lines = [{"index": {"_id": "1", "pipeline": "final"}}, {}, {"index": {"_id": "2"}}, {}]
    answer = es.bulk(index="plain", operations=lines, pipeline="asked", list_executed_pipelines=True)
    assert [item["index"]["executed_pipelines"] for item in answer["items"]] == [["final"], ["asked"]]
    assert "ingest_took" in answer
    assert (passed(es, "plain", "1"), passed(es, "plain", "2")) == (["final"], ["asked"])


def test_only_what_an_update_writes_anew_passes_pipelines(es: Elasticsearch) -> None:
    es.update(index="both", id="1", doc={"n": 1}, upsert={"n": 0})
    assert passed(es, "both") == ["default", "final"]
    es.update(index="both", id="1", doc={"n": 1}, upsert={"n": 0})
    assert es.get(index="both", id="1")["_source"] == {"n": 1, "passed": ["default", "final"]}
    es.bulk(index="both", operations=[{"update": {"_id": "2"}}, {"doc": {"n": 1}, "doc_as_upsert": True}])
    assert passed(es, "both", "2") == ["default", "final"]


def test_an_alias_has_the_pipelines_of_its_index_and_a_new_index_those_of_the_request(es: Elasticsearch) -> None:
    es.indices.put_alias(index="both", name="alias")
    es.index(index="alias", id="1", document={})
    assert passed(es, "both") == ["default", "final"]
    es.index(index="made", id="1", document={}, pipeline="asked")
    assert passed(es, "made") == ["asked"]


def test_settings_can_be_changed_while_documents_come(es: Elasticsearch) -> None:
    es.indices.put_settings(index="plain", settings={"default_pipeline": "asked"})
    es.index(index="plain", id="1", document={})
    es.indices.put_settings(index="plain", settings={"default_pipeline": "_none"})
    es.index(index="plain", id="2", document={})
    assert (passed(es, "plain", "1"), passed(es, "plain", "2")) == (["asked"], None)


def test_a_pipeline_that_is_not_there_refuses_the_document_and_nothing_else(es: Elasticsearch) -> None:
    with pytest.raises(BadRequestError, match=r"pipeline with id \[none\] does not exist"):
        es.index(index="plain", id="1", document={}, pipeline="none")
    lines = [{"index": {"_id": "1", "pipeline": "none"}}, {}, {"index": {"_id": "2"}}, {}, {"delete": {"_id": "3"}}]
    answer = es.bulk(index="plain", operations=lines)
    assert [next(iter(item.values()))["status"] for item in answer["items"]] == [400, 201, 404]
    error = answer["items"][0]["index"]["error"]
    assert (error["type"], error["reason"]) == ("illegal_argument_exception", "pipeline with id [none] does not exist")
    es.indices.refresh(index="plain")
    assert es.count(index="plain")["count"] == 1


def test_dropped_and_refused_documents_are_answered_in_their_places(es: Elasticsearch) -> None:
    lines: list[dict[str, Any]] = []
    for n in range(4):
        lines += [{"index": {"_id": str(n)}}, {"n": n}]
    answer = es.bulk(index="plain", operations=lines, pipeline="odd")
    assert answer["errors"] is True
    items = [item["index"] for item in answer["items"]]
    assert [(item["_id"], item["status"], item.get("result")) for item in items] == [
        ("0", 201, "created"),
        ("1", 200, "noop"),
        ("2", 500, None),
        ("3", 201, "created"),
    ]
    assert items[2]["error"]["reason"] == "no 2"
    assert items[2]["error"]["type"] == "fail_processor_exception"
    assert [es.exists(index="plain", id=str(n)).body for n in range(4)] == [True, False, False, True]
    assert es.index(index="plain", id="1", document={"n": 1}, pipeline="odd")["result"] == "noop"
    with pytest.raises(ApiError, match="no 2"):
        es.index(index="plain", id="2", document={"n": 2}, pipeline="odd")


def test_a_document_that_is_sent_elsewhere_passes_the_final_pipeline_of_that_index_alone(es: Elasticsearch) -> None:
    es.ingest.put_pipeline(id="away", processors=[{"set": {"field": "_index", "value": "elsewhere"}}])
    answer = es.index(index="both", id="1", document={}, pipeline="away")
    assert answer["_index"] == "elsewhere"
    assert passed(es, "elsewhere") == ["final"]
    assert not es.exists(index="both", id="1")
    es.indices.put_settings(index="plain", settings={"final_pipeline": "away"})
    with pytest.raises(ApiError, match=r"final pipeline \[away\] can't change the target index"):
        es.index(index="plain", id="1", document={})


def test_a_pipeline_may_name_the_document(es: Elasticsearch) -> None:
    processors = [{"set": {"field": "_id", "value": "{{{name}}}"}}, {"set": {"field": "_routing", "value": "r"}}]
    es.ingest.put_pipeline(id="names", processors=processors)
    assert es.index(index="plain", document={"name": "mill"}, pipeline="names")["_id"] == "mill"
    assert es.get(index="plain", id="mill", routing="r")["_routing"] == "r"


def test_inference_in_a_pipeline_embeds_all_documents_of_a_bulk_request(es: Elasticsearch) -> None:
    es.inference.put(
        inference_id="dense",
        task_type="text_embedding",
        inference_config={"service": "fake", "service_settings": {"dimensions": 8, "fail_on": "poison", "status": 400}},
    )
    pair = {"input_field": "body", "output_field": "vector"}
    es.ingest.put_pipeline(id="embeds", processors=[{"inference": {"model_id": "dense", "input_output": pair}}])
    lines: list[dict[str, Any]] = []
    for n in range(100):
        lines += [{"index": {"_id": str(n)}}, {"body": "poison" if n == 70 else f"text {n}"}]
    answer = es.bulk(index="plain", operations=lines, pipeline="embeds")
    assert [item["index"]["_id"] for item in answer["items"] if "error" in item["index"]] == ["70"]
    assert len(es.get(index="plain", id="3")["_source"]["vector"]) == 8
    es.indices.refresh(index="plain")
    assert es.count(index="plain")["count"] == 99
    with pytest.raises(ApiError, match="embeds"):
        es.inference.delete(inference_id="dense")


def test_reindex_says_that_it_is_not_there(es: Elasticsearch) -> None:
    with pytest.raises(ApiError) as caught:
        es.reindex(source={"index": "both"}, dest={"index": "plain", "pipeline": "asked"})
    assert caught.value.meta.status == 501
    assert "reindex" in str(caught.value)
