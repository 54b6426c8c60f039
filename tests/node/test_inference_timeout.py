"""`timeout` of the `_inference` API in all its forms, for all operations that have it."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from headpond.node import Node
from headpond.node.inference import DEFAULT_TIMEOUT
from tests.node.doors import Ask, through
from tests.services.provider import Asked, Provider, Reply

CONFIG = {"service": "openai", "service_settings": {"api_key": "k", "model_id": "m"}}
CHAT = {"messages": [{"role": "user", "content": "a"}]}
OPERATIONS: list[tuple[str, str, Any]] = [
    ("PUT", "/_inference/completion/new", CONFIG),
    ("PUT", "/_inference/new", {**CONFIG, "task_type": "completion"}),
    ("PUT", "/_inference/completion/_update", {"service_settings": {"api_key": "l"}}),
    ("PUT", "/_inference/completion/completion/_update", {"service_settings": {"api_key": "l"}}),
    ("POST", "/_inference/completion", {"input": "a"}),
    ("POST", "/_inference/completion/completion", {"input": "a"}),
    ("POST", "/_inference/completion/_stream", {"input": "a"}),
    ("POST", "/_inference/completion/completion/_stream", {"input": "a"}),
    ("POST", "/_inference/chat_completion/chat_completion/_stream", CHAT),
]
EVERY = pytest.mark.parametrize(("method", "target", "body"), OPERATIONS)


def completion(asked: Asked) -> Reply:
    """As OpenAI answers, whole or streamed."""
    if not asked.json()["stream"]:
        return Reply(body={"choices": [{"message": {"content": "b"}}]})
    return Reply(parts=[b'data: {"choices":[{"delta":{"content":"b"}}]}\n\n', b"data: [DONE]\n\n"])


@pytest.fixture
def provider() -> Iterator[Provider]:
    provider = Provider()
    provider.always = completion
    yield provider
    provider.close()


@pytest.fixture
def ask(provider: Provider) -> Iterator[Ask]:
    """Asks a pond with endpoints on the provider, called as their task types."""
    node = Node()
    with through("in process", node) as ask:
        for task_type in ("completion", "chat_completion"):
            assert ask("PUT", f"/_inference/{task_type}/{task_type}", _on(provider, CONFIG)).status == 200
        yield ask
    node.close()


def _on(provider: Provider, body: Any) -> Any:
    if "service" not in body:
        return body
    return {**body, "service_settings": {**body["service_settings"], "url": provider.url}}


@EVERY
@pytest.mark.parametrize("timeout", ["30s", "30000ms", "1m", "1h", "1d", "-1", "60000000micros", " 30S "])
def test_any_time_of_elasticsearchs_is_taken(
    ask: Ask, provider: Provider, method: str, target: str, body: Any, timeout: str
) -> None:
    answer = ask(method, f"{target}?timeout={timeout}", _on(provider, body))
    assert answer.status == 200, answer.text
    assert "event: error" not in answer.text


@EVERY
@pytest.mark.parametrize(
    ("timeout", "why"),
    [
        ("", ": unit is missing or unrecognized"),
        ("5", ": unit is missing or unrecognized"),
        ("soon", ": unit is missing or unrecognized"),
        ("1M", ": unit is missing or unrecognized"),
        ("1.5s", ": fractional time values are not supported"),
        ("-2s", ": negative durations are not supported"),
        ("fives", ""),
    ],
)
def test_what_is_no_time_is_refused_before_anything_is_asked(
    ask: Ask, provider: Provider, method: str, target: str, body: Any, timeout: str, why: str
) -> None:
    provider.asked.clear()
    answer = ask(method, f"{target}?timeout={timeout}", _on(provider, body))
    error = answer.json()["error"]
    assert (answer.status, error["type"]) == (400, "illegal_argument_exception")
    assert error["reason"] == f"failed to parse setting [timeout] with value [{timeout}] as a time value{why}"
    assert not provider.asked


@EVERY
def test_when_the_time_is_over_the_caller_is_told(
    ask: Ask, provider: Provider, method: str, target: str, body: Any
) -> None:
    provider.always = lambda asked: Reply(hangs=True)
    answer = ask(method, f"{target}?timeout=50ms", _on(provider, body))
    reason = "Request timed out after [50ms]"
    if method == "PUT":  # the call that validates an endpoint; its own time-out is the cause
        assert answer.status == 400
        assert answer.json()["error"]["caused_by"] == {"type": "status_exception", "reason": reason}
    elif target.startswith("/_inference/chat"):
        assert (answer.status, answer.event()["error"]["message"]) == (408, reason)
    else:
        found = answer.event() if target.endswith("_stream") else answer.json()
        assert (answer.status, found["error"]["reason"]) == (408, reason)


def test_without_a_time_the_default_counts(ask: Ask, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    provider.always = lambda asked: Reply(hangs=True)
    monkeypatch.setattr("headpond.node.inference.DEFAULT_TIMEOUT", "50ms")
    answer = ask("POST", "/_inference/completion", {"input": "a"})
    assert (answer.status, answer.json()["error"]["reason"]) == (408, "Request timed out after [50ms]")


def test_the_time_given_by_default_is_elasticsearchs() -> None:
    assert DEFAULT_TIMEOUT == "30s"


def test_a_time_in_the_body_is_read_and_does_not_count(ask: Ask) -> None:
    assert ask("POST", "/_inference/completion", {"input": "a", "timeout": "0s"}).status == 200
    wrong = ask("POST", "/_inference/completion", {"input": "a", "timeout": "soon"})
    assert (wrong.status, wrong.json()["error"]["type"]) == (400, "x_content_parse_exception")


def test_minus_one_waits_for_as_long_as_it_takes(ask: Ask, provider: Provider) -> None:
    gate, answer = threading.Event(), completion

    def slowly(asked: Asked) -> Reply:
        assert gate.wait(60)
        return answer(asked)

    provider.always = slowly
    threading.Timer(0.2, gate.set).start()
    assert ask("POST", "/_inference/completion?timeout=-1", {"input": "a"}).status == 200
