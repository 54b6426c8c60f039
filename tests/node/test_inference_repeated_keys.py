"""A key that is twice in a body of the inference API is refused as Elasticsearch's parser refuses it."""

import pytest
from elasticsearch import BadRequestError, Elasticsearch

from headpond import connect

JSON = {"content-type": "application/json", "accept": "application/json"}
FAKE = b'{"service": "fake", "service_settings": {"dimensions": 4}}'


@pytest.mark.parametrize(
    ("method", "path", "body", "says"),
    [
        ("POST", "/_inference/e", b'{"input": "a", "input": "b"}', "[1:23] Duplicate field 'input'"),
        (
            "PUT",
            "/_inference/text_embedding/f",
            FAKE[:-1] + b', "service": "fake"}',
            "[1:69] Duplicate field 'service'",
        ),
        ("PUT", "/_inference/e/_update", b'{"task_settings": {"a": 1,\n"a": 2}}', "[2:4] Duplicate field 'a'"),
        (
            "PUT",
            "/_inference/completion/f",
            b'{"service": "openai", "service_settings": {"api_key": "hunter2", "api_key": "hunter2"}}',
            "[1:75] Duplicate field 'api_key'",
        ),
    ],
)
def test_a_repeated_key_is_refused(method: str, path: str, body: bytes, says: str) -> None:
    with connect("memory") as client:
        client.perform_request("PUT", "/_inference/text_embedding/e", headers=JSON, body=FAKE)
        _refused(client, method, path, body, says)


def _refused(client: Elasticsearch, method: str, path: str, body: bytes, says: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        client.perform_request(method, path, headers=JSON, body=body)
    error = caught.value.body["error"]
    assert (error["type"], error["reason"]) == ("x_content_parse_exception", says)
    assert "hunter2" not in str(caught.value.body)


def test_texts_that_look_like_keys_are_none() -> None:
    with connect("memory") as client:
        client.perform_request("PUT", "/_inference/text_embedding/e", headers=JSON, body=FAKE)
        body = rb'{"input": ["{\"a\": 1, \"a\": 2}", "x\\\": y", ": :"]}'
        answer = client.perform_request("POST", "/_inference/e", headers=JSON, body=body)
        assert len(answer["text_embedding"]) == 3
