"""What is particular about some faults of providers; what all services have in common: `test_contract_faults.py`."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import ApiError, BadRequestError, Elasticsearch

from headpond import connect
from tests.services.provider import Provider, Reply

NOT_CREATED = "Could not complete inference endpoint creation as validation call to service threw an exception."


def settings(service: str, url: str) -> dict[str, Any]:
    path = "/v1/embeddings" if service == "openai" else ""
    return {"api_key": "hunter2", "model_id": "m", "url": url + path}


@pytest.fixture(params=["openai", "cohere"])
def endpoint(request: pytest.FixtureRequest, client: Elasticsearch) -> Provider:
    """A provider with the endpoint `e` on it, whose calls so far are forgotten."""
    provider: Provider = request.getfixturevalue(request.param)
    body = {"service": request.param, "service_settings": settings(request.param, provider.url)}
    client.inference.put(inference_id="e", task_type="text_embedding", inference_config=body)
    provider.asked.clear()
    return provider


def refused(client: Elasticsearch, timeout: str = "60s", **options: Any) -> ApiError:
    with pytest.raises(ApiError) as caught:
        client.inference.text_embedding(inference_id="e", input=["a"], timeout=timeout, **options)
    assert "hunter2" not in str(caught.value.body)
    assert caught.value.body["status"] == caught.value.meta.status
    return caught.value


def message(text: str) -> dict[str, Any]:
    """An error body both providers' services can read."""
    return {"message": text, "error": {"message": text}}


@pytest.mark.parametrize(
    ("upstream", "status", "text"),
    [
        (400, 400, "Received a bad request status code"),
        (401, 401, "Received an authentication error status code"),
        (403, 403, "Received a permission denied error status code"),
        (405, 405, "Received a method not allowed status code"),
        (418, 418, "Received an unsuccessful status code"),
        (422, 422, "Received an input validation error response"),
        (302, 400, "Unhandled redirection"),
        (502, 400, "Received a server error status code"),
        (529, 400, "Received a server error status code"),
    ],
)
def test_a_status_that_is_final_is_passed_on_at_once(
    client: Elasticsearch, endpoint: Provider, upstream: int, status: int, text: str
) -> None:
    endpoint.then(Reply(upstream, message("because hunter2")))
    error = refused(client)
    assert error.meta.status == status
    assert error.body["error"]["type"] == "status_exception"
    assert error.body["error"]["reason"] == (
        f"{text} for request from inference entity id [e] status [{upstream}]. Error message: [because ***]"
    )
    assert len(endpoint.asked) == 1


def test_a_wrong_address_is_named_without_its_query(client: Elasticsearch, openai: Provider) -> None:
    body: dict[str, Any] = {"service": "openai", "service_settings": settings("openai", openai.url)}
    body["service_settings"]["url"] += "?key=abc"
    client.inference.put(inference_id="e", task_type="text_embedding", inference_config=body)
    openai.then(Reply(404, b"nothing here"))
    assert refused(client).body["error"]["reason"] == (
        f"Resource not found at [{openai.url}/v1/embeddings] for request from inference entity id [e] status [404]"
    )


def test_openais_rate_limit_headers_are_quoted(client: Elasticsearch, openai: Provider) -> None:
    body = {"service": "openai", "service_settings": settings("openai", openai.url)}
    client.inference.put(inference_id="e", task_type="text_embedding", inference_config=body)
    headers = {"retry-after": "60", "x-ratelimit-limit-tokens": "100", "x-ratelimit-remaining-requests": "0"}
    openai.then(Reply(429, message("slow down"), headers))
    assert refused(client, timeout="20s").body["error"]["reason"] == (
        "Received a rate limit status code. Token limit [100], remaining tokens [unknown]. Request limit [unknown],"
        " remaining requests [0] for request from inference entity id [e] status [429]. Error message: [slow down]"
    )


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "Response body is empty"),
        (b"<html>", "Failed to parse the response: [1:1] unexpected character, expected a JSON value"),
        (b"{}", "Failed to find required field [data] in OpenAI embeddings response"),
        ({"data": {}}, "Field [data] in OpenAI embeddings response is not an array"),
        ({"data": []}, "Error the number of embedding responses [0] does not equal the number of requests [1]"),
        ({"data": [{"embedding": [True]}]}, "The embeddings are not numbers, or not of one length"),
        ({"data": [{"embedding": []}]}, "An embedding is not an array of numbers"),
        ({"data": [{"embedding": [1e39]}]}, "An embedding holds a value that is no number"),
    ],
)
def test_nonsense_is_named(
    client: Elasticsearch, openai: Provider, monkeypatch: pytest.MonkeyPatch, body: Any, reason: str
) -> None:
    monkeypatch.setattr("headpond.services._http.retry.FIRST_SECONDS", 0.01)
    config = {"service": "openai", "service_settings": settings("openai", openai.url)}
    client.inference.put(inference_id="e", task_type="text_embedding", inference_config=config)
    openai.always = lambda asked: Reply(200, body)
    error = refused(client)
    assert error.body["error"]["reason"] == f"{reason} for request from inference entity id [e]"


@pytest.fixture
def deaf() -> Iterator[str]:
    """An address that is taken and where nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


@pytest.mark.parametrize("service", ["openai", "cohere"])
def test_an_endpoint_is_not_made_when_nobody_listens(
    client: Elasticsearch, monkeypatch: Any, service: str, deaf: str
) -> None:
    monkeypatch.setattr("headpond.services._http.retry.FIRST_SECONDS", 0.01)
    url = deaf
    body = {"service": service, "service_settings": settings(service, url)}
    with pytest.raises(BadRequestError) as caught:
        client.inference.put(inference_id="e", task_type="text_embedding", inference_config=body)
    error = caught.value.body["error"]
    assert error["type"] == "status_exception"
    assert error["reason"] == NOT_CREATED
    assert error["caused_by"]["type"] == "connect_exception"
    assert url in error["caused_by"]["reason"]
    assert not client.inference.get(task_type="text_embedding", inference_id="_all").body["endpoints"][1:]


def test_a_refused_key_is_the_cause_of_a_refused_endpoint(client: Elasticsearch, openai: Provider) -> None:
    openai.then(Reply(401, message("bad key")))
    body = {"service": "openai", "service_settings": settings("openai", openai.url)}
    with pytest.raises(BadRequestError) as caught:
        client.inference.put(inference_id="e", task_type="text_embedding", inference_config=body)
    cause = {
        "type": "status_exception",
        "reason": "Received an authentication error status code for request from inference entity id [e] status [401]."
        " Error message: [bad key]",
    }
    assert caught.value.body == {
        "error": {
            "root_cause": [cause],
            "type": "status_exception",
            "reason": NOT_CREATED,
            "caused_by": cause,
        },
        "status": 400,
    }


@pytest.mark.parametrize("service", ["openai", "cohere"])
def test_a_key_that_no_header_can_hold_is_refused_and_not_shown(client: Elasticsearch, service: str) -> None:
    for key in ("hunter2\nx: y", "hunter2\u00e9"):
        body = {"service": service, "service_settings": {**settings(service, "http://127.0.0.1:1"), "api_key": key}}
        with pytest.raises(BadRequestError, match="printable ASCII") as caught:
            client.inference.put(inference_id="e", task_type="text_embedding", inference_config=body)
        assert "hunter2" not in str(caught.value.body)


def test_blanks_around_a_key_are_no_part_of_it(client: Elasticsearch, openai: Provider) -> None:
    body = {"service": "openai", "service_settings": {**settings("openai", openai.url), "api_key": " hunter2\n"}}
    client.inference.put(inference_id="e", task_type="text_embedding", inference_config=body)
    assert openai.asked[-1].headers["authorization"] == "Bearer hunter2"


@pytest.mark.parametrize("headers", [{"x": "a\nb"}, {"x y": "a"}, {"x": "\u00e9\u20ac"}])
def test_a_header_that_cannot_be_sent_is_refused_at_once(
    client: Elasticsearch, openai: Provider, headers: dict[str, str]
) -> None:
    body = {"service": "openai", "service_settings": settings("openai", openai.url)}
    client.inference.put(inference_id="e", task_type="text_embedding", inference_config=body)
    error = refused(client, task_settings={"headers": headers})
    assert error.meta.status == 400
    assert "a header is malformed" in error.body["error"]["reason"]


def test_lost_secrets_are_asked_for_again(openai: Provider, tmp_path: Path) -> None:
    body = {"service": "openai", "service_settings": settings("openai", openai.url)}
    with connect(f"embedded:{tmp_path}") as client:
        client.inference.put(inference_id="e", task_type="text_embedding", inference_config=body)
    (tmp_path / "secrets.sqlite3").unlink()
    with connect(f"embedded:{tmp_path}") as client:
        assert "PUT _inference/e/_update" in refused(client).body["error"]["reason"]
        client.inference.update(inference_id="e", inference_config={"service_settings": {"api_key": "new"}})
        assert client.inference.text_embedding(inference_id="e", input="a")["text_embedding"]


def test_requests_above_the_rate_wait_their_turn_and_give_up_in_time(client: Elasticsearch, openai: Provider) -> None:
    body: dict[str, Any] = {"service": "openai", "service_settings": settings("openai", openai.url)}
    body["service_settings"]["rate_limit"] = {"requests_per_minute": 1}
    client.inference.put(inference_id="e", task_type="text_embedding", inference_config=body)
    assert refused(client, timeout="50ms").body["error"]["reason"] == "Request timed out after [50ms]"
    assert len(openai.asked) == 1


def test_many_callers_are_served_side_by_side(client: Elasticsearch, openai: Provider) -> None:
    body = {"service": "openai", "service_settings": settings("openai", openai.url)}
    client.inference.put(inference_id="e", task_type="text_embedding", inference_config=body)
    together = threading.Barrier(8)  # lets nobody through before all eight requests are there
    answer = openai.always

    def all_at_once(asked: Any) -> Reply:
        together.wait(60)
        return answer(asked)

    openai.always = all_at_once
    lengths: list[float] = []

    def call(size: int) -> None:
        found = client.inference.text_embedding(inference_id="e", input="x" * size, timeout="120s")
        lengths.append(found["text_embedding"][0]["embedding"][0])

    threads = [threading.Thread(target=call, args=(size,)) for size in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(lengths) == [1, 2, 3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize("asked", ["1e400", "nan", "-5", "never", "Thu, 99 Nov 2026 99:00:00 GMT"])
def test_a_retry_after_that_is_none_is_no_error_of_ours(client: Elasticsearch, endpoint: Provider, asked: str) -> None:
    endpoint.always = lambda _: Reply(429, message("later"), {"retry-after": asked, "retry-after-ms": asked})
    assert refused(client, timeout="100ms").meta.status in (408, 429)


def test_framing_headers_are_not_the_users(client: Elasticsearch) -> None:
    config = {"service": "openai", "service_settings": {"api_key": "k", "model_id": "m"},
              "task_settings": {"headers": {"Transfer-Encoding": "chunked"}}}  # fmt: skip
    with pytest.raises(BadRequestError, match=r"does not allow the header \[Transfer-Encoding\]"):
        client.inference.put(inference_id="e", task_type="text_embedding", inference_config=config)


@pytest.mark.parametrize("timeout", ["106752d", "9223372036854775807ms"])
def test_a_timeout_of_ages_is_one(client: Elasticsearch, endpoint: Provider, timeout: str) -> None:
    answer = client.inference.text_embedding(inference_id="e", input=["a"], timeout=timeout)
    assert len(answer["text_embedding"]) == 1


def test_a_timeout_beyond_a_long_is_refused(client: Elasticsearch, endpoint: Provider) -> None:
    assert refused(client, timeout="99999999999999999999s").meta.status == 400
