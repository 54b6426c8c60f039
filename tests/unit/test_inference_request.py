from typing import Any

import orjson
import pytest

from headpond.errors import RestError
from headpond.inference.input_type import InputType
from headpond.inference.request import InferenceRequest
from headpond.inference.task_type import TaskType

PARSER = "[cluster:internal/xpack/inference]"
VALIDATION = "action_request_validation_exception"
PARSE = "x_content_parse_exception"
ILLEGAL = "illegal_argument_exception"


def parse(text: str, task_type: str = "any") -> InferenceRequest:
    return InferenceRequest.parse(orjson.loads(text), TaskType.parse(task_type), raw=text.encode())


def refused(text: str, task_type: str = "any") -> RestError:
    with pytest.raises(RestError) as caught:
        parse(text, task_type)
    return caught.value


@pytest.mark.parametrize(
    ("body", "task_type", "kind", "reason"),
    [
        ("{}", "any", VALIDATION, "Validation Failed: 1: Field [input] cannot be null;"),
        ('{"input":[]}', "any", VALIDATION, "Validation Failed: 1: Field [input] cannot be an empty array;"),
        ('{"input":5}', "any", PARSE, f"[1:10] {PARSER} input doesn't support values of type: VALUE_NUMBER"),
        ('{"input":null}', "any", PARSE, f"[1:10] {PARSER} input doesn't support values of type: VALUE_NULL"),
        ('{"input":{}}', "any", PARSE, f"[1:10] {PARSER} input doesn't support values of type: START_OBJECT"),
        ('{"input":true}', "any", PARSE, f"[1:10] {PARSER} input doesn't support values of type: VALUE_BOOLEAN"),
        ('{"input":["a",null]}', "any", PARSE, f"[1:15] {PARSER} failed to parse field [input]"),
        ('{"input":"a","foo":1}', "any", PARSE, f"[1:14] {PARSER} unknown field [foo]"),
        ('{"input":"a","input_type":"bogus"}', "any", PARSE, f"[1:27] {PARSER} failed to parse field [input_type]"),
        (
            '{"input":"a","query":5}',
            "any",
            PARSE,
            f"[1:22] {PARSER} query doesn't support values of type: VALUE_NUMBER",
        ),
        (
            '{"input":"a","task_settings":[]}',
            "any",
            PARSE,
            f"[1:30] {PARSER} task_settings doesn't support values of type: START_ARRAY",
        ),
        ("[]", "any", PARSE, f"[1:1] {PARSER} Expected START_OBJECT but was: START_ARRAY"),
        ('{"input":"a","timeout":"xx"}', "any", PARSE, f"[1:24] {PARSER} failed to parse field [timeout]"),
        ('{"input":"a","top_n":"x"}', "any", PARSE, f"[1:22] {PARSER} failed to parse field [top_n]"),
        ('{"input":"a","top_n":1.5}', "any", PARSE, f"[1:22] {PARSER} failed to parse field [top_n]"),
        (
            '{"input":"a","return_documents":"yes"}',
            "any",
            PARSE,
            f"[1:33] {PARSER} failed to parse field [return_documents]",
        ),
        (
            '{"input":"a","input_type":"search"}',
            "sparse_embedding",
            VALIDATION,
            "Validation Failed: 1: Field [input_type] cannot be specified for task type [sparse_embedding];",
        ),
        (
            '{"input":"a","query":"q"}',
            "text_embedding",
            VALIDATION,
            "Validation Failed: 1: Field [query] cannot be specified for task type [text_embedding];",
        ),
        (
            '{"input":"a","top_n":1}',
            "text_embedding",
            VALIDATION,
            "Validation Failed: 1: Field [top_n] cannot be specified for task type [text_embedding];",
        ),
        (
            '{"input":"a"}',
            "rerank",
            VALIDATION,
            "Validation Failed: 1: Field [query] cannot be null for task type [rerank];",
        ),
        (
            '{"input":"a","query":""}',
            "rerank",
            VALIDATION,
            "Validation Failed: 1: Field [query] cannot be empty for task type [rerank];",
        ),
    ],
)
def test_a_wrong_body_is_refused_in_elasticsearchs_words(body: str, task_type: str, kind: str, reason: str) -> None:
    error = refused(body, task_type)
    assert (error.status, error.type, error.reason) == (400, kind, reason)


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        ('{"input":["a",null]}', ILLEGAL, "Expected text at 1:15 but found VALUE_NULL"),
        ('{"input":["a",["b"]]}', ILLEGAL, "Expected text at 1:15 but found START_ARRAY"),
        (
            '{"input":"a","input_type":"bogus"}',
            ILLEGAL,
            "No enum constant org.elasticsearch.inference.InputType.BOGUS",
        ),
        ('{"input":"a","input_type":"internal_search"}', ILLEGAL, "Unrecognized input_type [internal_search]"),
        (
            '{"input":"a","return_documents":"yes"}',
            ILLEGAL,
            "Failed to parse value [yes] as only [true] or [false] are allowed.",
        ),
        (
            '{"input":"a","timeout":"xx"}',
            ILLEGAL,
            "failed to parse setting [timeout] with value [xx] as a time value: unit is missing or unrecognized",
        ),
        ('{"input":"a","top_n":"x"}', "number_format_exception", 'For input string: "x"'),
    ],
)
def test_the_cause_of_a_wrong_field_is_nested(body: str, kind: str, reason: str) -> None:
    cause = refused(body).caused_by
    assert cause is not None
    assert (cause.type, cause.reason) == (kind, reason)


def test_line_and_column_count_from_the_line_the_value_stands_in() -> None:
    error = refused('{\n  "task_settings": {"input": [1, "}"]},\n  "input": 5\n}')
    assert error.reason.startswith("[3:12] ")


@pytest.mark.parametrize(
    ("body", "texts"),
    [
        ('{"input":"a"}', ("a",)),
        ('{"input":["a"]}', ("a",)),
        ('{"input":""}', ("",)),
        ('{"input":[""]}', ("",)),
        ('{"input":[1,true,1.5]}', ("1", "true", "1.5")),
    ],
)
def test_input_is_a_text_or_an_array_of_what_can_be_one(body: str, texts: tuple[str, ...]) -> None:
    assert parse(body, "text_embedding").input == texts


def test_input_type_is_read_in_any_case() -> None:
    assert parse('{"input":"a","input_type":"SEARCH"}', "text_embedding").input_type is InputType.SEARCH


def test_an_unspecified_input_type_is_no_input_type_of_a_sparse_request() -> None:
    request = parse('{"input":"a","input_type":"unspecified"}', "sparse_embedding")
    assert request.input_type is InputType.UNSPECIFIED


def test_rerank_takes_numbers_and_flags_as_text() -> None:
    request = parse('{"input":["a","b"],"query":"q","top_n":"3","return_documents":"true"}', "rerank")
    assert (request.query, request.top_n, request.return_documents) == ("q", 3, True)


def test_without_a_task_type_the_checks_of_one_type_are_left_out() -> None:
    request = parse('{"input":"a","query":"q","top_n":0,"input_type":"ingest"}')
    assert request == InferenceRequest(input=("a",), query="q", top_n=0, input_type=InputType.INGEST)


def test_a_rerank_without_a_query_is_caught_when_the_query_is_needed() -> None:
    with pytest.raises(RestError, match=r"Field \[query\] cannot be null for task type \[rerank\]"):
        parse('{"input":"a"}').require_query()


def test_positions_are_found_without_the_original_bytes_too() -> None:
    body: dict[str, Any] = {"input": 5}
    with pytest.raises(RestError, match=r"^\[1:10\] "):
        InferenceRequest.parse(body, TaskType.ANY)


@pytest.mark.parametrize("text", [" rerank ", "RERANK", "rerank"])
def test_a_task_type_is_read_in_any_case_with_blanks(text: str) -> None:
    assert TaskType.parse(text) is TaskType.RERANK


def test_an_unknown_task_type_is_refused() -> None:
    with pytest.raises(RestError) as caught:
        TaskType.parse("bogus")
    assert (caught.value.type, caught.value.reason) == ("status_exception", "Unknown task_type [bogus]")
