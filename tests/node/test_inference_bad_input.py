"""Requests of the `_inference` API that are no good, in process and over HTTP: refused clearly, and nothing is kept.

The wording of single mistakes stands in `test_inference_errors.py` and, for chats, `test_inference_chat.py`.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from headpond.node import Node
from tests.node.doors import DOORS, Answer, Ask, through

FAKE = {"service": "fake", "service_settings": {}}
TYPES = ("text_embedding", "sparse_embedding", "rerank", "completion", "chat_completion")
PUT, UPDATE, INFER, STREAM, CHAT = (
    ("PUT", "/_inference/rerank/new"),
    ("PUT", "/_inference/rerank/_update"),
    ("POST", "/_inference/rerank"),
    ("POST", "/_inference/completion/completion/_stream"),
    ("POST", "/_inference/chat_completion/chat_completion/_stream"),
)
ASKING = [INFER, STREAM, CHAT]
WITH_BODY = [PUT, UPDATE, *ASKING]
PARSE = "x_content_parse_exception"
END = "x_content_e_o_f_exception"


@pytest.fixture(scope="module", params=DOORS)
def ask(request: pytest.FixtureRequest) -> Iterator[Ask]:
    """Asks a pond that has one endpoint of each task type, called as the type."""
    node = Node()
    with through(request.param, node) as ask:
        for task_type in TYPES:
            assert ask("PUT", f"/_inference/{task_type}/{task_type}", FAKE).status == 200
        before = ask("GET", "/_inference").json()
        yield ask
        assert ask("GET", "/_inference").json() == before
    node.close()


def problem(answer: Answer, target: str, *, event: bool = True) -> tuple[int, str, str]:
    """Status, type and reason, in the shape that the route has for errors."""
    streamed = event and target.endswith("_stream")
    body = answer.event() if streamed else answer.json()
    if streamed and "chat_completion" in target:
        assert set(body["error"]) == {"code", "message", "type"}
        return answer.status, body["error"]["type"], body["error"]["message"]
    error = body["error"]
    assert body["status"] == answer.status
    assert error["root_cause"]
    return answer.status, error["type"], error["reason"]


@pytest.mark.parametrize(("method", "target"), WITH_BODY)
@pytest.mark.parametrize(
    ("body", "type", "reason"),
    [
        (b"{", END, "[1:2] Unexpected end of file"),
        (b'{"input":', END, "[1:10] Unexpected end of file"),
        (b"nonsense", PARSE, "[1:1] "),
        (b'{"input":"a"}}', PARSE, "[1:14] "),
        (b"{'input':'a'}", PARSE, "[1:2] "),
        (b"\xff\xfe", PARSE, "[1:1] Invalid UTF-8"),
        (b'{"input":"\xff"}', PARSE, "[1:1] Invalid UTF-8"),
        (b'{"input":NaN}', PARSE, "[1:10] "),
        (b"[" * 5000, PARSE, "[1:1026] "),
    ],
)
def test_what_is_not_json_is_refused_where_it_ends(
    ask: Ask, method: str, target: str, body: bytes, type: str, reason: str
) -> None:
    status, kind, text = problem(ask(method, target, body), target)
    assert (status, kind) == (400, type)
    assert text.startswith(reason)


@pytest.mark.parametrize(("method", "target"), WITH_BODY)
@pytest.mark.parametrize("body", [[], ["a"], "x", 5, True])
def test_a_body_is_an_object(ask: Ask, method: str, target: str, body: Any) -> None:
    status, kind, text = problem(ask(method, target, body), target)
    assert (status, kind) == (400, PARSE)
    assert "Expected START_OBJECT" in text


@pytest.mark.parametrize(("method", "target"), WITH_BODY)
def test_a_body_there_must_be(ask: Ask, method: str, target: str) -> None:
    expected = (400, "parse_exception", "request body is required")
    assert problem(ask(method, target, b""), target, event=False) == expected
    assert problem(ask(method, target, b" \n"), target, event=False) == expected


@pytest.mark.parametrize(("method", "target"), WITH_BODY)
@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", None])
def test_another_content_type_is_not_read(ask: Ask, method: str, target: str, content_type: str | None) -> None:
    answer = ask(method, target, {"input": "a"}, content_type)
    text = (
        f"Content-Type header [{content_type}] is not supported" if content_type else "Content-Type header is missing"
    )
    assert (answer.status, answer.json()) == (406, {"error": text, "status": 406})


@pytest.mark.parametrize(
    ("method", "target"),
    [
        *WITH_BODY,
        ("GET", "/_inference"),
        ("GET", "/_inference/rerank"),
        ("GET", "/_inference/rerank/_all"),
        ("GET", "/_inference/_services"),
        ("DELETE", "/_inference/rerank"),
    ],
)
def test_an_unknown_parameter_is_named(ask: Ask, method: str, target: str) -> None:
    body = {"input": "a"} if method in ("PUT", "POST") else b""
    assert problem(ask(method, f"{target}?foo=1", body), target, event=False) == (
        400,
        "illegal_argument_exception",
        f"request [{target}] contains unrecognized parameter: [foo]",
    )


@pytest.mark.parametrize(("method", "target"), ASKING)
@pytest.mark.parametrize(
    ("part", "status"), [("bogus/rerank", 400), ("nope", 404), ("rerank/nope", 404), ("%2A", 404), ("embedding/x", 501)]
)
def test_an_unknown_endpoint_or_task_type_is_named(ask: Ask, method: str, target: str, part: str, status: int) -> None:
    streamed = target.endswith("_stream")
    path = f"/_inference/{part}/_stream" if streamed else f"/_inference/{part}"
    answer = ask(method, path, {"input": "a", "query": "q"})
    body = answer.event() if streamed and status == 404 else answer.json()
    assert (answer.status, body["status"]) == (status, status)
    assert part.partition("/")[0].replace("rerank", "nope").replace("%2A", "*") in body["error"]["reason"]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("part", ["nope", "rerank/nope", "REREANK/rerank", "rerank/*nope*", "rer*"])
def test_an_unknown_endpoint_is_neither_shown_nor_deleted(ask: Ask, method: str, part: str) -> None:
    status, _, reason = problem(ask(method, f"/_inference/{part}"), "")
    assert status in (400, 404)
    assert f"[{part.rpartition('/')[2]}]" in reason or "Unknown task_type" in reason


@pytest.mark.parametrize("task_type", ["text_embedding", "sparse_embedding", "rerank", "completion"])
@pytest.mark.parametrize("given", [None, 5, True, {}, {"a": 1}, [None], [["a"]], [{}], []])
def test_what_is_no_input_is_refused(ask: Ask, task_type: str, given: Any) -> None:
    body = {"input": given, **({"query": "q"} if task_type == "rerank" else {})}
    for target in (f"/_inference/{task_type}", f"/_inference/{task_type}/{task_type}"):
        status, kind, reason = problem(ask("POST", target, body), target)
        assert (status, kind) in ((400, PARSE), (400, "action_request_validation_exception"))
        assert "input" in reason
    if task_type == "completion":
        assert problem(ask(*STREAM, body), STREAM[1])[0] == 400


@pytest.mark.parametrize("query", [None, 5, "", [], {}])
def test_a_ranking_needs_a_query(ask: Ask, query: Any) -> None:
    for target in ("/_inference/rerank", "/_inference/rerank/rerank"):
        for body in ({"input": ["a"], "query": query}, {"input": ["a"]}):
            status, _, reason = problem(ask("POST", target, body), target)
            assert status == 400
            assert "query" in reason


def test_empty_and_odd_texts_are_texts(ask: Ask) -> None:
    texts = ["", " ", "\x00", "\ud7ff", "\U0001f600", "a\nb", 1, 1.5, True]
    answer = ask("POST", "/_inference/text_embedding", {"input": texts})
    assert answer.status == 200
    assert len(answer.json()["text_embedding"]) == len(texts)
    assert ask("POST", "/_inference/rerank", {"input": [""], "query": " "}).status == 200


def test_much_input_is_answered(ask: Ask) -> None:
    many = ask("POST", "/_inference/sparse_embedding", {"input": ["a"] * 10_000})
    assert len(many.json()["sparse_embedding"]) == 10_000
    long = ask("POST", "/_inference/text_embedding", {"input": "word " * 200_000})
    assert len(long.json()["text_embedding"]) == 1


@pytest.mark.parametrize("id", ["My-Ep", ".hidden", "a b", "-a", "a-", "%C3%A9", "_update"])
def test_an_id_that_nothing_may_have_is_refused(ask: Ask, id: str) -> None:
    status, kind, reason = problem(ask("PUT", f"/_inference/rerank/{id}", FAKE), "")
    assert status in (400, 404)
    assert "Invalid inference_id" in reason or id == "_update", (kind, reason)


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"service": "fakke", "service_settings": {}}, "fakke"),
        ({"service": None, "service_settings": {}}, "service"),
        ({"service": 5, "service_settings": {}}, "5"),
        ({"service": "fake", "service_settings": None}, "service_settings"),
        ({"service": "fake", "service_settings": []}, "service_settings"),
        ({"service": "fake", "service_settings": {"latency": 5}}, "latency"),
        ({"service": "fake", "service_settings": {"latency_ms": "5"}}, "latency_ms"),
        ({**FAKE, "task_settings": []}, "task_settings"),
        ({**FAKE, "task_settings": {"top_n": 0}}, "top_n"),
        ({**FAKE, "task_settings": {"topn": 1}}, "topn"),
        ({**FAKE, "task_type": "rerankk"}, "rerankk"),
        ({**FAKE, "task_type": 5}, "5"),
        ({**FAKE, "chunking_settings": {}, "other": 1}, "other"),
    ],
)
def test_an_endpoint_that_is_described_wrongly_is_not_made(ask: Ask, body: Any, word: str) -> None:
    status, _, reason = problem(ask(*PUT, body), PUT[1])
    assert status == 400
    assert word in reason


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"service": "fake"}, "service"),
        ({"chunking_settings": {}}, "chunking_settings"),
        ({"inference_id": "x"}, "inference_id"),
        ({"service_settings": {"dimensions": 3}}, "dimensions"),
        ({"service_settings": {"latency_ms": -1}}, "latency_ms"),
        ({"service_settings": []}, "service settings"),
        ({"task_settings": "x"}, "task settings"),
        ({"task_settings": {"topn": 3}}, "topn"),
        ({"task_settings": {"top_n": -3}}, "top_n"),
        ({"task_type": "completion"}, "Task type must match"),
        ({"task_type": "bogus"}, "bogus"),
    ],
)
def test_an_endpoint_is_not_changed_by_a_wrong_description(ask: Ask, body: Any, word: str) -> None:
    status, _, reason = problem(ask(*UPDATE, body), UPDATE[1])
    assert status == 400
    assert word in reason


@pytest.mark.parametrize("task_type", ["text_embedding", "sparse_embedding", "rerank"])
def test_only_completions_are_streamed(ask: Ask, task_type: str) -> None:
    target = f"/_inference/{task_type}/{task_type}/_stream"
    answer = ask("POST", target, {"input": ["a"], "query": "q"} if task_type == "rerank" else {"input": ["a"]})
    assert answer.headers["content-type"] == "text/event-stream"
    assert problem(answer, target)[0] == 405


def test_a_chat_is_only_streamed(ask: Ask) -> None:
    bodies: list[Any] = [{"messages": []}, {"input": "a"}]
    for body in bodies:
        answer = ask("POST", "/_inference/chat_completion/chat_completion", body)
        only = "The [chat_completion] task type only supports streaming, please try again with the _stream API"
        expected = {"error": {"code": "bad_request", "message": only, "type": "status_exception"}}
        assert (answer.status, answer.json()) == (400, expected)


@pytest.mark.parametrize(("method", "target"), [("PATCH", "/_inference/rerank"), ("POST", "/_inference")])
def test_a_method_that_a_route_has_not_is_refused(ask: Ask, method: str, target: str) -> None:
    answer = ask(method, target, {"input": "a"})
    assert answer.status == 405
    assert "Incorrect HTTP method" in answer.json()["error"]
    assert "GET" in answer.headers["allow"]
