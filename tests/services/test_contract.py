"""What holds for every service with a provider behind it, whatever it speaks; see `case.py`."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from elasticsearch import ApiError, BadRequestError, Elasticsearch

from headpond.node import Node
from headpond.node.inference import SERVICES
from headpond.node.serve import serving
from tests.services.case import SECRET, TEXTS, Case, all_cases, cases, streaming
from tests.services.provider import Asked, Provider, Reply
from tests.services.streams import stream, whole

EVERY = pytest.mark.parametrize("case", all_cases(), ids=str)
MESSAGES = {"messages": [{"role": "user", "content": "one two three"}]}
NOT_CREATED = "Could not complete inference endpoint creation as validation call to service threw an exception."


def made(client: Elasticsearch, provider: Provider, case: Case) -> Any:
    """An endpoint `e` of the case; what its making asked is forgotten."""
    provider.always = case.answer
    config = case.config(provider.url)
    answer = client.inference.put(inference_id="e", task_type=case.task_type, inference_config=config).body
    provider.asked.clear()
    return answer


def ask(client: Elasticsearch, case: Case, timeout: str = "30s") -> Any:
    """A good request, whole or streamed as the task type wants it."""
    if case.task_type == "chat_completion":
        return stream(client, "chat_completion/e", MESSAGES, timeout=timeout)
    extra: dict[str, Any] = {"query": "q"} if case.task_type == "rerank" else {}
    texts: Any = "one two three" if case.task_type == "completion" else list(TEXTS)
    return client.inference.inference(
        task_type=case.task_type, inference_id="e", input=texts, timeout=timeout, **extra
    ).body


def test_every_service_behind_a_url_has_a_case_for_every_task_type() -> None:
    kinds = [SERVICES.get(name) for name in SERVICES]
    remote = {(kind.name, str(task)) for kind in kinds if hasattr(kind, "message_of") for task in kind.task_types}
    assert {(case.service, case.task_type) for case in all_cases()} == remote


@EVERY
def test_an_endpoint_is_made_and_shown_without_its_secrets(
    client: Elasticsearch, provider: Provider, case: Case
) -> None:
    stored = made(client, provider, case)
    assert stored["service"] == case.service
    assert stored["task_type"] == case.task_type
    assert client.inference.get(inference_id="e").body == {"endpoints": [stored]}
    assert SECRET not in json.dumps(stored)
    assert not set(case.secrets) & set(stored["service_settings"])
    if case.task_type == "text_embedding":
        assert stored["service_settings"]["dimensions"] == 3
        assert stored["service_settings"]["similarity"]


@EVERY
def test_a_good_request_gets_the_results(client: Elasticsearch, provider: Provider, case: Case) -> None:
    made(client, provider, case)
    answer = ask(client, case)
    assert provider.asked
    assert all(case.authorized(asked) for asked in provider.asked)
    if case.task_type == "text_embedding":
        assert answer == {"text_embedding": [{"embedding": [float(len(text)), 1.0, 0.5]} for text in TEXTS]}
    elif case.task_type == "sparse_embedding":
        assert [set(item) for item in answer["sparse_embedding"]] == [{"is_truncated", "embedding"}] * len(TEXTS)
    elif case.task_type == "rerank":
        assert [item["index"] for item in answer["rerank"]] == [1, 0]
        assert answer["rerank"][0]["relevance_score"] > answer["rerank"][1]["relevance_score"]
    elif case.task_type == "completion":
        assert answer == {"completion": [{"result": "one two three"}]}
    else:
        assert _said(whole(answer)) == "one two three"


def _said(chunks: list[Any]) -> str:
    assert all(chunk["object"] == "chat.completion.chunk" for chunk in chunks)
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    assert choices[-1]["finish_reason"] == "stop"
    return "".join(choice["delta"].get("content", "") for choice in choices)


@EVERY
def test_required_settings_are_asked_for_all_at_once(client: Elasticsearch, case: Case) -> None:
    config = {"service": case.service, "service_settings": {}}
    with pytest.raises(BadRequestError) as caught:
        client.inference.put(inference_id="e", task_type=case.task_type, inference_config=config)
    reason = caught.value.body["error"]["reason"]
    missing = [name for name in case.required if f"[{name}]" not in reason]
    assert not missing, reason


@EVERY
def test_what_is_described_as_required_is_required(case: Case) -> None:
    described = SERVICES.get(case.service).configuration
    assert set(case.required) <= set(described)
    assert set(case.secrets) <= {name for name, setting in described.items() if setting.sensitive}


@EVERY
def test_an_unknown_setting_is_named(client: Elasticsearch, provider: Provider, case: Case) -> None:
    config = case.config(provider.url)
    config["service_settings"]["api_keyy"] = SECRET
    with pytest.raises(BadRequestError) as caught:
        client.inference.put(inference_id="e", task_type=case.task_type, inference_config=config)
    reason = caught.value.body["error"]["reason"]
    assert reason == f"Model configuration contains settings [{{api_keyy=***}}] unknown to the [{case.service}] service"
    assert not provider.asked


@EVERY
def test_a_refused_key_refuses_the_endpoint(client: Elasticsearch, provider: Provider, case: Case) -> None:
    refusal = Reply(401, case.error(f"bad key {SECRET}"))
    provider.always = lambda asked: case.answer(asked) if case.fetches(asked) else refusal
    with pytest.raises(BadRequestError) as caught:
        client.inference.put(inference_id="e", task_type=case.task_type, inference_config=case.config(provider.url))
    error = caught.value.body["error"]
    assert error["reason"] == NOT_CREATED
    assert error["caused_by"]["reason"] == (
        "Received an authentication error status code for request from inference entity id [e] status [401]."
        " Error message: [bad key ***]"
    )


@EVERY
def test_a_key_is_rotated(client: Elasticsearch, provider: Provider, case: Case) -> None:
    made(client, provider, case)
    newer = {name: value for name, value in case.settings(provider.url).items() if name in case.secrets}
    changed = json.loads(json.dumps(newer).replace(SECRET, "another-secret"))
    client.inference.update(inference_id="e", inference_config={"service_settings": changed})
    assert provider.asked
    assert not any(case.authorized(asked) for asked in provider.asked)
    assert "another-secret" not in json.dumps(client.inference.get(inference_id="e").body)


@pytest.mark.parametrize("case", [case for case in all_cases() if case.max_inputs], ids=str)
def test_many_texts_go_in_as_few_requests_as_the_provider_takes(
    client: Elasticsearch, provider: Provider, case: Case
) -> None:
    made(client, provider, case)
    assert case.max_inputs is not None
    texts = ["x" * (1 + number % 7) for number in range(2 * case.max_inputs + 1)]
    answer = client.inference.inference(inference_id="e", input=texts).body
    (found,) = answer.values()
    assert len(found) == len(texts)
    if case.task_type == "text_embedding":
        assert [item["embedding"][0] for item in found] == [len(text) for text in texts]
    assert len(provider.asked) == 3


@pytest.mark.parametrize("case", [case for case in cases("completion") if case.single], ids=str)
def test_a_completion_takes_one_input(client: Elasticsearch, provider: Provider, case: Case) -> None:
    made(client, provider, case)
    with pytest.raises(BadRequestError, match="only accepts 1 input"):
        client.inference.completion(inference_id="e", input=["a", "b"])
    assert not provider.asked


@pytest.fixture(scope="module")
def served() -> Iterator[httpx.Client]:
    """HTTP to a pond, for what the official client cannot do: read a stream while it comes."""
    node = Node(None)
    with serving(node) as url, httpx.Client(base_url=url, timeout=30) as http:
        yield http
    node.close()


@pytest.fixture
def over_http(served: httpx.Client) -> Iterator[httpx.Client]:
    """The same without the endpoint of the test before."""
    yield served
    served.delete("/_inference/e")


def streamed(http: httpx.Client, provider: Provider, case: Case) -> Any:
    """An endpoint over HTTP, and the request that streams from it."""
    provider.always = case.answer
    answer = http.put(f"/_inference/{case.task_type}/e", json=case.config(provider.url))
    assert answer.status_code == 200, answer.text
    body = MESSAGES if case.task_type == "chat_completion" else {"input": "one two three"}
    return http.build_request("POST", f"/_inference/{case.task_type}/e/_stream", json=body)


@pytest.mark.parametrize("case", streaming(), ids=str)
def test_the_first_piece_leaves_before_the_last_arrives(
    over_http: httpx.Client, provider: Provider, case: Case
) -> None:
    request = streamed(over_http, provider, case)
    gate = threading.Event()

    def slowly(asked: Asked) -> Reply:
        parts = list(case.answer(asked).parts or [])

        def told() -> Iterator[bytes]:
            yield from parts[:-2]
            assert gate.wait(30)
            yield from parts[-2:]

        return Reply(headers=case.answer(asked).headers, parts=told())

    provider.always = slowly
    answer = over_http.send(request, stream=True)
    assert answer.headers["content-type"] == "text/event-stream"
    lines = answer.iter_lines()
    assert any("one" in line for line in lines)
    gate.set()
    rest = [line for line in lines if line.replace("\ufeff", "").startswith("data:")]
    answer.close()
    assert rest[-1] == "data: [DONE]"


@pytest.mark.parametrize("case", streaming(), ids=str)
def test_a_client_that_goes_away_stops_the_provider(over_http: httpx.Client, provider: Provider, case: Case) -> None:
    request = streamed(over_http, provider, case)
    ended = threading.Event()

    def endless(asked: Asked) -> Reply:
        parts = list(case.answer(asked).parts or [])

        def told() -> Iterator[bytes]:
            while not ended.wait(0.02):
                yield from parts[:-2]

        return Reply(headers=case.answer(asked).headers, parts=told())

    provider.always = endless
    answer = over_http.send(request, stream=True)
    next(answer.iter_bytes())
    answer.close()
    try:
        assert provider.left.wait(30)
    finally:
        ended.set()


@pytest.mark.parametrize("case", streaming(), ids=str)
def test_a_stream_that_breaks_ends_with_an_error(over_http: httpx.Client, provider: Provider, case: Case) -> None:
    request = streamed(over_http, provider, case)

    def broken(asked: Asked) -> Reply:
        def told() -> Iterator[bytes]:
            yield from list(case.answer(asked).parts or [])[:-2]
            raise OSError("the provider falls over")

        return Reply(headers=case.answer(asked).headers, parts=told())

    provider.always = broken
    text = over_http.send(request).text
    assert "one" in text
    assert "event: error" in text
    assert "[DONE]" not in text
    assert SECRET not in text


@pytest.mark.parametrize("case", cases("text_embedding", "sparse_embedding", "rerank"), ids=str)
def test_what_is_no_completion_is_not_streamed(client: Elasticsearch, provider: Provider, case: Case) -> None:
    made(client, provider, case)
    with pytest.raises(ApiError) as caught:
        stream(client, "e", {"input": "a"})
    assert caught.value.meta.status == 405
    assert f"service [{case.service}] and task [{case.task_type}]" in str(caught.value.body)


@pytest.mark.parametrize("case", [case for case in cases("completion") if not case.streams], ids=str)
def test_a_service_that_does_not_stream_says_so(client: Elasticsearch, provider: Provider, case: Case) -> None:
    made(client, provider, case)
    with pytest.raises(ApiError) as caught:
        stream(client, "completion/e", {"input": "a"})
    assert caught.value.meta.status == 405
    assert f"Streaming is not allowed for service [{case.service}]." in str(caught.value.body)
    assert not provider.asked
