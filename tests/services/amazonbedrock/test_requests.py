"""Settings, embeddings and completions; what is sent is sent again by botocore's client, which checks it against AWS's
service model."""

import json
import sys
from typing import Any

import pytest
from elasticsearch import ApiError, BadRequestError, Elasticsearch

from headpond.services import amazonbedrock
from tests.services.amazonbedrock.endpoint import MODEL, PATH, put, same, streamed
from tests.services.cases.amazonbedrock import is_signed
from tests.services.provider import Provider, Reply


def test_settings_are_shown_in_order_with_their_defaults(client: Elasticsearch, bedrock: Provider) -> None:
    stored = put(client, bedrock, "text_embedding", "Cohere", service_settings={"max_input_tokens": 9})
    assert list(stored["service_settings"].items()) == [
        ("region", "eu-central-1"),
        ("model", MODEL),
        ("provider", "COHERE"),
        ("url", bedrock.url),
        ("rate_limit", {"requests_per_minute": 240}),
        ("dimensions", 3),
        ("max_input_tokens", 9),
        ("similarity", "cosine"),
    ]
    assert "hunter2" not in str(client.inference.get().body)


@pytest.mark.parametrize(
    ("region", "wanted"),
    [
        ("us-east-1", "https://bedrock-runtime.us-east-1.amazonaws.com/model/m/invoke"),
        ("cn-north-1", "https://bedrock-runtime.cn-north-1.amazonaws.com.cn/model/m/invoke"),
    ],
)
def test_the_region_says_where_requests_go(region: str, wanted: str) -> None:
    settings = {"region": region, "model": "m"}
    endpoint = amazonbedrock.Endpoint("b", amazonbedrock.TaskType.COMPLETION, "amazonbedrock", settings)
    assert amazonbedrock._url(endpoint, "invoke") == wanted


def test_amazons_embeddings_are_asked_for_one_by_one(client: Elasticsearch, bedrock: Provider, aws: Any) -> None:
    put(client, bedrock, "text_embedding", "amazontitan")
    answer = client.inference.text_embedding(inference_id="b", input=["a", "bb"], input_type="search")
    assert answer["text_embedding"] == [{"embedding": [1.0, 1.0, 0.5]}, {"embedding": [2.0, 1.0, 0.5]}]
    assert answer.meta.headers["x-headpond-tokens"] == "8"
    assert [asked.json() for asked in bedrock.asked[1:]] == [{"inputText": "a"}, {"inputText": "bb"}]
    ours = bedrock.asked[-1]
    assert (ours.method, ours.path) == ("POST", f"{PATH}/invoke")
    found = aws.invoke_model(modelId=MODEL, body=ours.body, accept="application/json", contentType="application/json")
    assert json.loads(found["body"].read())["embedding"] == [2.0, 1.0, 0.5]
    assert same(ours, bedrock.asked[-1])
    assert bedrock.asked[-1].headers["accept"] == ours.headers["accept"]


def test_coheres_embeddings(client: Elasticsearch, bedrock: Provider) -> None:
    put(client, bedrock, "text_embedding", "cohere", task_settings={"truncate": "end"})
    for input_type in ("ingest", "search", "classification", "clustering", None):
        client.inference.text_embedding(inference_id="b", input=["a", "bb"], input_type=input_type)
    words = ["search_document", "search_query", "classification", "clustering", "search_document"]
    assert [asked.json() for asked in bedrock.asked[1:]] == [
        {"texts": ["a", "bb"], "input_type": word, "truncate": "END"} for word in words
    ]
    bedrock.then(Reply(body={"embeddings": {"float": [[1, 2, 3]]}, "response_type": "embeddings_by_type"}))
    answer = client.inference.text_embedding(inference_id="b", input="a")
    assert answer["text_embedding"] == [{"embedding": [1.0, 2.0, 3.0]}]


def test_a_completion_is_a_conversation_of_one_message(client: Elasticsearch, bedrock: Provider, aws: Any) -> None:
    stored = put(client, bedrock, task_settings={"temperature": 0.5, "top_p": 1, "top_k": 5})
    assert stored["task_settings"] == {"temperature": 0.5, "top_p": 1.0, "top_k": 5.0, "max_new_tokens": 64}
    answer = client.inference.completion(inference_id="b", input="one two", task_settings={"max_new_tokens": 7})
    assert answer.body == {"completion": [{"result": "one two"}]}
    assert answer.meta.headers["x-headpond-tokens"] == "4"
    ours = bedrock.asked[-1]
    assert ours.path == f"{PATH}/converse"
    assert ours.json() == {
        "messages": [{"role": "user", "content": [{"text": "one two"}]}],
        "inferenceConfig": {"maxTokens": 7, "temperature": 0.5, "topP": 1.0},
        "additionalModelRequestFields": {"top_k": 5},
    }
    found = aws.converse(modelId=MODEL, **ours.json())
    assert found["output"]["message"]["content"] == [{"text": "one two"}]
    assert same(ours, bedrock.asked[-1])


def test_a_completion_is_streamed(client: Elasticsearch, bedrock: Provider, aws: Any) -> None:
    put(client, bedrock)
    events = streamed(client, "completion", {"input": "one two"})
    assert events == [{"completion": [{"delta": "one"}]}, {"completion": [{"delta": " two"}]}]
    ours = bedrock.asked[-1]
    assert ours.path == f"{PATH}/converse-stream"
    told = list(aws.converse_stream(modelId=MODEL, **ours.json())["stream"])
    assert [event["contentBlockDelta"]["delta"]["text"] for event in told if "contentBlockDelta" in event] == [
        "one",
        " two",
    ]
    assert told[-1]["metadata"]["usage"] == {"inputTokens": 2, "outputTokens": 2, "totalTokens": 4}
    assert same(ours, bedrock.asked[-1])


def test_requests_are_signed_anew_for_each_attempt(
    client: Elasticsearch, bedrock: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(client, bedrock)
    signatures = []
    sign = amazonbedrock.signed

    def counted(*arguments: Any) -> dict[str, str]:
        signatures.append(sign(*arguments))
        return signatures[-1]

    monkeypatch.setattr(amazonbedrock, "signed", counted)
    bedrock.asked.clear()
    bedrock.then(Reply(429, {"message": "slow"}, headers={"retry-after": "0"}))
    client.inference.completion(inference_id="b", input="one")
    assert len(signatures) == len(bedrock.asked) == 2
    for signed, asked in zip(signatures, bedrock.asked, strict=True):
        assert is_signed(asked, "AKIA1", "hunter2")
        assert not is_signed(asked, "AKIA1", "hunter3")
        assert asked.headers["authorization"] == signed["authorization"]
        assert "/eu-central-1/bedrock/aws4_request" in asked.headers["authorization"]


def test_bedrocks_error_message_is_passed_on_without_keys(client: Elasticsearch, bedrock: Provider) -> None:
    put(client, bedrock)
    for name in ("message", "Message"):
        bedrock.then(Reply(403, {name: "The key AKIA1 is not valid"}))
        with pytest.raises(ApiError) as caught:
            client.inference.completion(inference_id="b", input="a")
        assert caught.value.body["error"]["reason"] == (
            "Received a permission denied error status code for request from inference entity id [b] status [403]."
            " Error message: [The key *** is not valid]"
        )


@pytest.mark.parametrize(
    ("task_type", "maker", "options", "reason"),
    [
        ("text_embedding", "meta", {}, "The [text_embedding] task type for provider [meta] is not available"),
        (
            "completion",
            "meta",
            {"task_settings": {"top_k": 1}},
            "The [top_k] task parameter is not available for provider [meta]",
        ),
        (
            "text_embedding",
            "amazontitan",
            {"task_settings": {"truncate": "NONE"}},
            "The [text_embedding] task type for provider [amazontitan] does not allow [truncate] field",
        ),
        (
            "text_embedding",
            "google",
            {"service_settings": {"region": "x.evil.com/", "dimensions": 3}},
            "Validation Failed: 1: [service_settings] Invalid value [x.evil.com/] received. [region] must be a region"
            " of AWS, as in [us-east-1];2: [service_settings] Invalid value [google] received. [provider] must be one"
            " of [ai21labs, amazontitan, anthropic, cohere, meta, mistral];3: [service_settings] does not allow the"
            " setting [dimensions];",
        ),
        (
            "completion",
            "anthropic",
            {"task_settings": {"temperature": 1.5, "top_p": -1}},
            "Validation Failed: 1: [task_settings] Invalid value [1.5]. [temperature] must be a less than or equal to"
            " [1.0];2: [task_settings] Invalid value [-1.0]. [top_p] must be a greater than or equal to [0.0];",
        ),
    ],
)
def test_what_cannot_be_is_refused(
    client: Elasticsearch, bedrock: Provider, task_type: str, maker: str, options: dict[str, Any], reason: str
) -> None:
    with pytest.raises(BadRequestError) as caught:
        put(client, bedrock, task_type, maker, **options)
    assert caught.value.body["error"]["reason"] == reason
    assert not bedrock.asked


def test_a_requests_task_settings_must_be_the_providers_too(client: Elasticsearch, bedrock: Provider) -> None:
    put(client, bedrock, "completion", "meta")
    with pytest.raises(BadRequestError, match=r"The \[top_k\] task parameter is not available for provider \[meta\]"):
        client.inference.completion(inference_id="b", input="a", task_settings={"top_k": 3})


@pytest.mark.parametrize(("maker", "name"), [("anthropic", "top_k"), ("mistral", "top_k"), ("cohere", "k")])
def test_top_k_has_the_models_name(client: Elasticsearch, bedrock: Provider, maker: str, name: str) -> None:
    put(client, bedrock, "completion", maker, task_settings={"top_k": 0.5})
    assert bedrock.asked[-1].json()["additionalModelRequestFields"] == {name: 0.5}


def test_without_botocore_the_install_line_is_named(
    client: Elasticsearch, bedrock: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(client, bedrock)
    bedrock.asked.clear()
    monkeypatch.setitem(sys.modules, "botocore.auth", None)
    with pytest.raises(BadRequestError) as caught:
        client.inference.completion(inference_id="b", input="a")
    assert caught.value.body["error"]["reason"] == (
        "the service [amazonbedrock] needs the package 'botocore', which is not installed: pip install"
        " 'headpond[bedrock]'"
    )
    assert not bedrock.asked
