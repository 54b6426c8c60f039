"""Every answer of the `_inference` API fits Elasticsearch's specification, operation by operation.

Endpoints of every service are checked in `tests/services/test_contract_client.py`.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from headpond.node import Node
from headpond.node.router import Router, routes
from tests.node.doors import Ask, through
from tests.services.published import answered, document, misfits, needs_schemas

pytestmark = needs_schemas

FAKE = {"service": "fake", "service_settings": {}}
TEXT, PAIR = {"input": "a b"}, {"input": ["a b", "c"]}
CHAT = {"messages": [{"role": "user", "content": "a b"}]}

CALLS: dict[tuple[str, str], list[tuple[str, Any]]] = {
    ("get", "/_inference"): [("/_inference", b"")],
    ("get", "/_inference/{inference_id}"): [("/_inference/rerank", b""), ("/_inference/_all", b"")],
    ("get", "/_inference/{task_type}/{inference_id}"): [("/_inference/rerank/rerank", b"")],
    ("get", "/_inference/{task_type}/_all"): [("/_inference/rerank/_all", b""), ("/_inference/any/_all", b"")],
    ("put", "/_inference/{inference_id}"): [("/_inference/new", {**FAKE, "task_type": "rerank"})],
    ("put", "/_inference/{task_type}/{inference_id}"): [("/_inference/text_embedding/new", FAKE)],
    ("put", "/_inference/{inference_id}/_update"): [("/_inference/rerank/_update", {"task_settings": {"top_n": 1}})],
    ("put", "/_inference/{task_type}/{inference_id}/_update"): [
        ("/_inference/rerank/rerank/_update", {"task_settings": {"return_documents": True}})
    ],
    ("delete", "/_inference/{inference_id}"): [
        ("/_inference/rerank?dry_run=true", b""),
        ("/_inference/rerank", b""),
    ],
    ("delete", "/_inference/{task_type}/{inference_id}"): [("/_inference/rerank/rerank?force", b"")],
    ("post", "/_inference/{inference_id}"): [
        ("/_inference/text_embedding", PAIR),
        ("/_inference/sparse_embedding", PAIR),
        ("/_inference/rerank", {**PAIR, "query": "c"}),
        ("/_inference/completion", TEXT),
    ],
    ("post", "/_inference/{task_type}/{inference_id}"): [("/_inference/any/text_embedding", TEXT)],
    ("post", "/_inference/text_embedding/{inference_id}"): [("/_inference/text_embedding/text_embedding", PAIR)],
    ("post", "/_inference/sparse_embedding/{inference_id}"): [("/_inference/sparse_embedding/sparse_embedding", PAIR)],
    ("post", "/_inference/rerank/{inference_id}"): [
        ("/_inference/rerank/rerank", {**PAIR, "query": "c"}),
        ("/_inference/rerank/rerank", {**PAIR, "query": "c", "return_documents": True, "top_n": 1}),
    ],
    ("post", "/_inference/completion/{inference_id}"): [("/_inference/completion/completion", TEXT)],
}
"""Operation -> good calls of it."""

STREAMS = [
    ("/_inference/completion/{inference_id}/_stream", TEXT),
    ("/_inference/chat_completion/{inference_id}/_stream", CHAT),
]
NOT_IMPLEMENTED = {
    *((method, "/_inference/_region_policy") for method in ("get", "put", "delete")),
    ("post", "/_inference/embedding/{inference_id}"),
}


@pytest.fixture
def ask() -> Iterator[Ask]:
    """Asks a pond that has one endpoint of each task type, called as the type."""
    node = Node()
    with through("in process", node) as ask:
        for task_type in ("text_embedding", "sparse_embedding", "rerank", "completion", "chat_completion"):
            assert ask("PUT", f"/_inference/{task_type}/{task_type}", FAKE).status == 200
        yield ask
    node.close()


def published() -> set[tuple[str, str]]:
    """The operations that Elasticsearch has, without the many ways to write one of them."""
    paths = document("elasticsearch")["paths"]
    found = {(method, path) for path in paths if path.startswith("/_inference") for method in paths[path]}
    return {(method, path) for method, path in found if not path.endswith("_inference_id}")}


def test_every_published_operation_is_called_here() -> None:
    called = set(CALLS) | {("post", path) for path, _ in STREAMS} | NOT_IMPLEMENTED
    assert called == published()


@pytest.mark.parametrize(("method", "path"), sorted(CALLS))
def test_a_good_answer_fits_the_specification(ask: Ask, method: str, path: str) -> None:
    schema = answered("elasticsearch", path, method)
    for target, body in CALLS[method, path]:
        answer = ask(method.upper(), target, body)
        assert answer.status == 200, answer.text
        assert misfits(document("elasticsearch"), schema, answer.json()) == [], answer.text


@pytest.mark.parametrize(("method", "path"), sorted(CALLS))
def test_a_refusal_fits_the_specification(ask: Ask, method: str, path: str) -> None:
    target, body = CALLS[method, path][0]
    target, _, _ = target.partition("?")
    wrong = [ask(method.upper(), f"{target}?bogus=1", body)]
    if body:
        wrong += [ask(method.upper(), target, b"{"), ask(method.upper(), target, {"bogus": 1})]
    if "{inference_id}" in path and method != "put":
        wrong.append(ask(method.upper(), target.replace("/" + target.rpartition("/")[2], "/nope"), body))
    for answer in wrong:
        found = answer.json()
        assert answer.status >= 400
        assert set(found) == {"error", "status"}
        assert found["status"] == answer.status
        cause = {"$ref": "#/components/schemas/_types.ErrorCause"}
        assert misfits(document("elasticsearch"), cause, found["error"]) == [], answer.text
        assert found["error"]["root_cause"]


@pytest.mark.parametrize(("path", "body"), STREAMS)
def test_a_stream_has_the_type_of_events(ask: Ask, path: str, body: Any) -> None:
    answer = ask("POST", path.replace("{inference_id}", path.split("/")[2]), body)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/event-stream")
    assert answer.text.endswith("\ufeffevent: message\ndata: [DONE]\n\n")


@pytest.mark.parametrize(("method", "path"), sorted(NOT_IMPLEMENTED))
def test_what_is_not_implemented_is_refused_by_name(ask: Ask, method: str, path: str) -> None:
    target = path.replace("{inference_id}", "text_embedding")
    answer = ask(method.upper(), target, TEXT if method in ("post", "put") else b"")
    assert (answer.status, answer.json()["error"]["type"]) == (501, "not_implemented_exception")


def test_every_route_of_the_pond_is_elasticsearchs() -> None:
    """What the specification does not have, its REST tests do."""
    beside = {
        ("get", "/_inference/_services"),
        ("get", "/_inference/_services/{task_type}"),
        ("post", "/_inference/{inference_id}/_stream"),
        ("post", "/_inference/{task_type}/{inference_id}/_stream"),
    }
    Router()
    found = {(method.lower(), path) for method, path, _ in routes() if path.startswith("/_inference")}
    assert found - beside <= published()
    assert beside <= found
