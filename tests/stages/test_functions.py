"""Python functions as processors."""

from __future__ import annotations

from typing import Any

import pytest
from elasticsearch import Elasticsearch

import headpond
from headpond import connect
from headpond.errors import InputError, PipelineError
from headpond.pipeline import Pipeline
from headpond.pipeline.job import JobSettings
from headpond.pipeline.load import from_dict
from headpond.stages.ingest.base import Context
from headpond.stages.record import Record
from tests.stages.chains import Lengths


def shout(document: dict[str, Any], field: str = "title", mark: str = "!") -> None:
    document[field] = document[field].upper() + mark


@headpond.batch
def numbered(documents: list[dict[str, Any]]) -> list[Any]:
    return [ValueError("no even ones") if at % 2 else {**each, "number": at} for at, each in enumerate(documents)]


def made(stages: list[Any], processors: list[dict[str, Any]], *documents: dict[str, Any]) -> list[Record]:
    spec = from_dict({"processors": processors}, stages=stages)
    records = [Record(dict(document)) for document in documents]
    spec.processors.run(records, Context(Lengths()))
    return records


def test_a_function_changes_a_document_and_takes_options() -> None:
    (record,) = made([shout], [{"shout": {"mark": "?"}}], {"title": "mill"})
    assert record.document == {"title": "MILL?"}


def test_conditions_and_handlers_are_those_of_every_processor() -> None:
    processors = [{"shout": {"if": "ctx.loud == true", "on_failure": [{"set": {"field": "error", "value": 1}}]}}]
    records = made([shout], processors, {"title": "a", "loud": True}, {"title": "b"}, {"loud": True})
    assert [record.document for record in records] == [
        {"title": "A!", "loud": True},
        {"title": "b"},
        {"loud": True, "error": 1},
    ]


def test_what_it_raises_fails_that_record_only() -> None:
    bad, good = made([shout], [{"shout": {}}], {}, {"title": "a"})
    assert bad.failure is not None
    assert (bad.failure.stage, bad.failure.error) == ("processors[0].shout", "KeyError: 'title'")
    assert good.document == {"title": "A!"}


def test_a_function_may_return_another_document() -> None:
    def replaced(document: dict[str, Any]) -> dict[str, Any]:
        return {"old": document}

    (record,) = made([replaced], [{"replaced": {}}], {"a": 1})
    assert record.document == {"old": {"a": 1}}


def test_a_batch_function_gets_all_documents_at_once() -> None:
    first, second, third = made([numbered], [{"numbered": {}}], {"a": 0}, {"a": 1}, {"a": 2})
    assert (first.document, third.document) == ({"a": 0, "number": 0}, {"a": 2, "number": 2})
    assert second.failure is not None
    assert second.failure.error == "no even ones"


def test_a_wrong_return_is_said() -> None:
    def wrong(document: dict[str, Any]) -> Any:
        return 3

    (record,) = made([wrong], [{"wrong": {}}], {})
    assert record.failure is not None
    assert record.failure.error == "wrong must return a document or None, not int"

    @headpond.batch
    def few(documents: list[dict[str, Any]]) -> Any:
        return documents[:1]

    records = made([few], [{"few": {}}], {}, {})
    assert [record.failure.error for record in records if record.failure] == [
        "TypeError: few must return a list of 2 documents, or None"
    ] * 2


def test_wrong_options_are_answered_with_the_nearest() -> None:
    with pytest.raises(PipelineError, match="unknown key 'feld', did you mean 'field'"):
        made([shout], [{"shout": {"feld": "a"}}], {})


def needs(document: dict[str, Any], field: str) -> None:
    """A parameter without a default is an option that must be given."""


def takes_all(document: dict[str, Any], **options: Any) -> None: ...


def takes_if(document: dict[str, Any], tag: str = "") -> None: ...


def no_parameter() -> None: ...


def test_a_parameter_without_a_default_is_required() -> None:
    with pytest.raises(PipelineError, match=r"\[field\] is required"):
        made([needs], [{"needs": {}}], {})


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        (takes_all, r"must name its options"),
        (takes_if, r"has a parameter 'tag', which every processor has"),
        (no_parameter, r"must take a document"),
        (lambda document: None, r"a stage is a function with a name"),
    ],
)
def test_functions_that_cannot_be_stages_are_refused(stage: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        made([stage], [], {})


def test_a_name_that_is_taken_is_refused() -> None:
    def trim(document: dict[str, Any]) -> None: ...

    with pytest.raises(InputError, match="there is a processor 'trim' already"):
        made([trim], [], {})


def ingested(es: Elasticsearch, stage: Any) -> tuple[int, int]:
    spec = from_dict({"processors": [{stage.__name__: {}}], "index": {"name": "shouts"}}, stages=[stage])
    report = Pipeline(spec, es).ingest([{"_id": "1", "title": "mill"}], settings=JobSettings(resume=False))
    return report.indexed, report.unchanged


def test_a_changed_function_makes_documents_anew() -> None:
    def loud(document: dict[str, Any]) -> None:
        document["title"] += "!"

    first = loud

    def loud(document: dict[str, Any]) -> None:  # type: ignore[no-redef]  # a later version of it
        document["title"] += "?"

    with connect("memory") as es:
        assert ingested(es, first) == (1, 0)
        assert ingested(es, first) == (0, 1)
        assert ingested(es, loud) == (1, 0)
        assert es.get(index="shouts", id="1")["_source"]["title"] == "mill?"
