import base64
import struct
from typing import Any

import pytest
from elasticsearch import AuthenticationException, BadRequestError, Elasticsearch

from tests.services.provider import Provider, Reply


def put(client: Elasticsearch, provider: Provider, **service_settings: Any) -> dict[str, Any]:
    settings = {"api_key": "sk-hunter2", "model_id": "m", "url": f"{provider.url}/v1/embeddings", **service_settings}
    answer = client.inference.put_openai(
        task_type="text_embedding", openai_inference_id="e", service="openai", service_settings=settings
    )
    return dict(answer)


def test_put_asks_once_and_learns_dimensions_and_similarity(client: Elasticsearch, openai: Provider) -> None:
    stored = put(client, openai)
    assert stored == {
        "inference_id": "e",
        "task_type": "text_embedding",
        "service": "openai",
        "service_settings": {
            "model_id": "m",
            "url": f"{openai.url}/v1/embeddings",
            "similarity": "dot_product",
            "dimensions": 3,
            "rate_limit": {"requests_per_minute": 3000},
        },
        "chunking_settings": {"strategy": "sentence", "max_chunk_size": 250, "sentence_overlap": 1},
    }
    assert list(stored["service_settings"]) == ["model_id", "url", "similarity", "dimensions", "rate_limit"]
    assert [asked.json() for asked in openai.asked] == [{"input": ["how big"], "model": "m"}]


def test_the_request_is_openais(client: Elasticsearch, openai: Provider) -> None:
    put(client, openai, organization_id="org-1")
    client.inference.text_embedding(
        inference_id="e",
        input=["a", "bb"],
        input_type="search",
        task_settings={"user": "u", "headers": {"x-trace": "7"}},
    )
    asked = openai.asked[-1]
    assert (asked.method, asked.path) == ("POST", "/v1/embeddings")
    assert asked.body == b'{"input":["a","bb"],"model":"m","user":"u"}'
    sent = {name: asked.headers[name] for name in ("authorization", "content-type", "openai-organization", "x-trace")}
    assert sent == {
        "authorization": "Bearer sk-hunter2",
        "content-type": "application/json",
        "openai-organization": "org-1",
        "x-trace": "7",
    }


def test_dimensions_are_sent_when_the_user_set_them(client: Elasticsearch, openai: Provider) -> None:
    put(client, openai, dimensions=3)
    client.inference.text_embedding(inference_id="e", input="a")
    assert openai.asked[-1].json() == {"input": ["a"], "model": "m", "dimensions": 3}


def test_other_dimensions_than_promised_are_refused(client: Elasticsearch, openai: Provider) -> None:
    with pytest.raises(BadRequestError) as caught:
        put(client, openai, dimensions=4)
    assert caught.value.body["error"]["reason"] == (
        "The retrieved embeddings size [3] does not match the size specified in the settings [4]. Please recreate the"
        " [e] configuration with the correct dimensions"
    )


def test_vectors_and_tokens_come_back(client: Elasticsearch, openai: Provider) -> None:
    put(client, openai)
    answer = client.inference.text_embedding(inference_id="e", input=["a", "bb"])
    assert answer["text_embedding"] == [{"embedding": [1.0, 1.0, 0.5]}, {"embedding": [2.0, 1.0, 0.5]}]
    assert answer.meta.headers["x-headpond-tokens"] == "4"


def test_base64_embeddings_are_read_too(client: Elasticsearch, openai: Provider) -> None:
    put(client, openai)
    packed = base64.b64encode(struct.pack("<3f", 0.25, -1, 3)).decode()
    openai.then(Reply(body={"data": [{"index": 0, "embedding": packed}]}))
    answer = client.inference.text_embedding(inference_id="e", input="a")
    assert answer["text_embedding"] == [{"embedding": [0.25, -1.0, 3.0]}]
    assert "x-headpond-tokens" not in answer.meta.headers


def test_rows_are_put_into_the_order_of_their_indexes(client: Elasticsearch, openai: Provider) -> None:
    put(client, openai)
    rows = [{"index": 1, "embedding": [2, 2, 2]}, {"index": 0, "embedding": [1, 1, 1]}]
    openai.then(Reply(body={"data": rows}))
    answer = client.inference.text_embedding(inference_id="e", input=["a", "b"])
    assert [item["embedding"][0] for item in answer["text_embedding"]] == [1.0, 2.0]


def test_more_texts_than_a_request_takes_are_sent_in_several(client: Elasticsearch, openai: Provider) -> None:
    put(client, openai)
    answer = client.inference.text_embedding(inference_id="e", input=["x" * (n % 7 + 1) for n in range(2050)])
    assert [len(asked.json()["input"]) for asked in openai.asked[1:]] == [2048, 2]
    assert [item["embedding"][0] for item in answer["text_embedding"]] == [n % 7 + 1 for n in range(2050)]
    assert answer.meta.headers["x-headpond-tokens"] == "4100"


def test_inputs_are_cut_to_three_characters_a_token(client: Elasticsearch, openai: Provider) -> None:
    put(client, openai, max_input_tokens=2)
    client.inference.text_embedding(inference_id="e", input="abcdefgh")
    assert openai.asked[-1].json()["input"] == ["abcdef"]


@pytest.mark.parametrize(
    "refusal",
    [
        Reply(413, {"error": {"message": "too long"}}),
        Reply(400, {"error": {"message": "Please reduce your prompt; or completion length."}}),
    ],
)
def test_inputs_that_are_too_long_are_halved_until_they_fit(
    client: Elasticsearch, openai: Provider, refusal: Reply
) -> None:
    put(client, openai)
    openai.then(refusal, refusal)
    client.inference.text_embedding(inference_id="e", input=["abcdefgh", "abcd"])
    assert [asked.json()["input"] for asked in openai.asked[1:]] == [["abcdefgh", "abcd"], ["abcd", "ab"], ["ab", "a"]]


def test_all_missing_settings_are_named_together(client: Elasticsearch) -> None:
    with pytest.raises(BadRequestError) as caught:
        client.inference.put(
            inference_id="e", task_type="text_embedding", inference_config={"service": "openai", "service_settings": {}}
        )
    assert caught.value.body["error"] == {
        "root_cause": [{"type": "validation_exception", "reason": caught.value.body["error"]["reason"]}],
        "type": "validation_exception",
        "reason": "Validation Failed: 1: [service_settings] must have exactly one of [api_key] or [client_secret] field"
        " set;2: [service_settings] does not contain the required setting [model_id];",
    }


def test_a_wrong_rate_limit_is_refused(client: Elasticsearch, openai: Provider) -> None:
    with pytest.raises(BadRequestError, match="requests_per_minute"):
        put(client, openai, rate_limit={"requests_per_minute": 0})
    with pytest.raises(BadRequestError, match="per_second"):
        put(client, openai, rate_limit={"per_second": 1})


def test_the_key_is_never_shown(client: Elasticsearch, openai: Provider) -> None:
    shown = [put(client, openai), client.inference.get(), client.inference.get(inference_id="e")]
    assert "hunter2" not in str(shown)
    openai.then(Reply(401, {"error": {"message": "Incorrect API key provided: sk-hunter2."}}))
    with pytest.raises(AuthenticationException, match="authentication") as caught:
        client.inference.text_embedding(inference_id="e", input="a")
    assert "hunter2" not in str(caught.value.body)  # type: ignore[attr-defined]


def test_update_rotates_the_key(client: Elasticsearch, openai: Provider) -> None:
    put(client, openai)
    client.inference.update(inference_id="e", inference_config={"service_settings": {"api_key": "sk-new"}})
    client.inference.text_embedding(inference_id="e", input="a")
    assert [asked.headers["authorization"] for asked in openai.asked] == [
        "Bearer sk-hunter2",
        "Bearer sk-new",
        "Bearer sk-new",
    ]


def test_a_key_that_the_provider_refuses_does_not_replace_the_good_one(client: Elasticsearch, openai: Provider) -> None:
    put(client, openai)
    openai.then(Reply(401, {"error": {"message": "no"}}))
    with pytest.raises(BadRequestError, match="Received an authentication error status code"):
        client.inference.update(inference_id="e", inference_config={"service_settings": {"api_key": "sk-bad"}})
    client.inference.text_embedding(inference_id="e", input="a")
    assert openai.asked[-1].headers["authorization"] == "Bearer sk-hunter2"
