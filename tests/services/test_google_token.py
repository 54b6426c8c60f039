"""Access tokens for Google's service accounts."""

import builtins
import json
import logging
from typing import Any

import pytest
from elasticsearch import ApiError, BadRequestError, Elasticsearch

from headpond.errors import RestError
from headpond.inference.deadline import Deadline
from headpond.services._google.token import fetch_token
from tests.services.cases.googlevertexai import fetches, key_file, keys, token_of, vertex_answer
from tests.services.provider import Asked, Provider, Reply
from tests.services.test_googlevertexai import KEY, put

NEVER = Deadline.never()


@pytest.fixture
def google(provider: Provider) -> Provider:
    provider.always = vertex_answer
    return provider


def fetched(provider: Provider) -> int:
    return sum(fetches(asked) for asked in provider.asked)


def token_answers(provider: Provider, *replies: Reply) -> None:
    """The token endpoint answers so, one after the other; the model as it does when it is well."""
    queue = list(replies)
    provider.always = lambda asked: queue.pop(0) if fetches(asked) and queue else vertex_answer(asked)


def test_a_signature_is_exchanged_for_a_token(google: Provider) -> None:
    token = fetch_token("v", key_file(google.url, KEY), NEVER)
    assert token.value == token_of(KEY)
    assert 3500 < token.lifetime <= 3599
    (asked,) = google.asked
    assert (asked.method, asked.path) == ("POST", "/token")
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert KEY not in repr(token) + str(token)


def test_one_token_serves_many_requests(client: Elasticsearch, google: Provider) -> None:
    put(client, google)
    for _ in range(3):
        client.inference.text_embedding(inference_id="v", input="a")
    assert fetched(google) == 0
    assert len(google.asked) == 3


def test_a_token_that_is_refused_is_fetched_anew(client: Elasticsearch, google: Provider) -> None:
    put(client, google)
    google.then(Reply(401, {"error": {"message": "expired"}}))
    client.inference.text_embedding(inference_id="v", input="a")
    assert [fetches(asked) for asked in google.asked] == [False, True, False]


def test_another_key_gets_another_token(client: Elasticsearch, google: Provider) -> None:
    put(client, google)
    newer = {"service_account_json": key_file(google.url, "another")}
    client.inference.update(inference_id="v", inference_config={"service_settings": newer})
    asked = [asked.headers.get("authorization") for asked in google.asked if not fetches(asked)]
    assert asked == [f"Bearer {token_of('another')}"]


def test_a_token_without_an_end_is_not_kept(client: Elasticsearch, google: Provider) -> None:
    token_answers(google, *[Reply(body={"access_token": "t"})] * 2)
    put(client, google)
    client.inference.text_embedding(inference_id="v", input="a")
    assert fetched(google) == 1


def test_a_passing_trouble_is_waited_for(google: Provider) -> None:
    token_answers(google, Reply(503, b"", {"retry-after": "0"}), Reply(reset=True))
    assert fetch_token("v", key_file(google.url, KEY), NEVER).value == token_of(KEY)
    assert len(google.asked) == 3


def test_a_refusal_is_told_without_secrets(client: Elasticsearch, google: Provider) -> None:
    def refuse(asked: Asked) -> Reply:
        said = f"bad {KEY} {keys()[0]} {asked.body.decode()}"
        return Reply(400, {"error": "invalid_grant", "error_description": said})

    google.always = refuse
    with pytest.raises(BadRequestError) as caught:
        put(client, google)
    reason = caught.value.body["error"]["caused_by"]["reason"]
    assert reason.startswith(
        "Received a bad request status code for request to generate Bearer Token from inference entity id [v] status"
        " [400]. Error message: [bad *** "
    )
    body = google.asked[0].body.decode()
    assertion = body.partition("assertion=")[2].partition("&")[0]
    assert len(assertion) > 500
    assert not [part for part in (KEY, keys()[0].splitlines()[1], assertion) if part in reason]


def test_nonsense_for_a_token_is_refused(google: Provider) -> None:
    token_answers(google, *[Reply(body={"token": "t"})] * 2)
    with pytest.raises(RestError, match="Failed to find required field \\[access_token\\] in token response") as caught:
        fetch_token("v", key_file(google.url, KEY), NEVER)
    assert caught.value.type == "illegal_state_exception"


def test_a_token_endpoint_that_hangs_is_left_in_time(google: Provider) -> None:
    token_answers(google, Reply(hangs=True))
    with pytest.raises(RestError) as caught:
        fetch_token("v", key_file(google.url, KEY), Deadline.after(0.05))
    assert (caught.value.status, caught.value.reason) == (408, "Request timed out after [50ms]")


def test_a_key_that_is_none_is_told_and_not_shown(client: Elasticsearch, google: Provider) -> None:
    names = json.loads(key_file(google.url, KEY))
    broken = json.dumps(
        {**names, "private_key": "-----BEGIN PRIVATE KEY-----\nhunter2hunter2\n-----END PRIVATE KEY-----"}
    )
    with pytest.raises(BadRequestError) as caught:
        put(client, google, service_settings={"service_account_json": broken})
    assert "The key file in [service_account_json] cannot be used: " in str(caught.value.body)
    assert "hunter2" not in str(caught.value.body)
    assert not google.asked


def test_nothing_secret_is_logged(client: Elasticsearch, google: Provider, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        put(client, google)
        google.then(Reply(403, {"error": {"message": KEY}}))
        with pytest.raises(ApiError):
            client.inference.text_embedding(inference_id="v", input="a")
    assert "_inference/text_embedding/" in caplog.text  # something is logged
    secret = keys()[0].splitlines()[1]
    assert not [part for part in (KEY, token_of(KEY), secret, "assertion=") if part in caplog.text]


def test_a_missing_package_is_named_with_its_extra(
    client: Elasticsearch, google: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported = builtins.__import__

    def missing(name: str, *args: Any) -> Any:
        if name.startswith("google."):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return imported(name, *args)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(BadRequestError) as caught:
        put(client, google)
    assert caught.value.body["error"]["caused_by"]["reason"] == (
        "the service [googlevertexai] needs the package 'google-auth', which is not installed: pip install"
        " 'headpond[google]'"
    )
