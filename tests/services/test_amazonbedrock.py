"""Amazon Bedrock; what is sent is sent again by botocore's client, which checks it against AWS's service model."""

import json
import sys
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from elasticsearch import ApiError, BadRequestError, Elasticsearch

from headpond.services import amazonbedrock
from tests.services.cases.amazonbedrock import STREAM, answer, frame, is_signed
from tests.services.provider import Asked, Provider, Reply

MODEL = "arn:aws:bedrock:us-east-1:1:inference-profile/us.maker.model-v1:0"
PATH = "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.maker.model-v1%3A0"


@pytest.fixture
def bedrock(provider: Provider) -> Provider:
    provider.always = answer
    return provider


@pytest.fixture
def aws(bedrock: Provider) -> Iterator[Any]:
    """The vendor's client in front of the same server."""
    client = botocore.session.Session().create_client(
        "bedrock-runtime",
        region_name="eu-central-1",
        endpoint_url=bedrock.url,
        aws_access_key_id="AKIA1",
        aws_secret_access_key="hunter2",
        config=Config(retries={"total_max_attempts": 1}, proxies={}),
    )
    yield client
    client.close()


def put(
    client: Elasticsearch, bedrock: Provider, task_type: str = "completion", maker: str = "anthropic", **options: Any
) -> dict[str, Any]:
    settings = {
        "access_key": "AKIA1",
        "secret_key": "hunter2",
        "region": "eu-central-1",
        "model": MODEL,
        "provider": maker,
        "url": bedrock.url,
        **options.pop("service_settings", {}),
    }
    return client.inference.put_amazonbedrock(
        task_type=task_type,
        amazonbedrock_inference_id="b",
        service="amazonbedrock",
        service_settings=settings,
        **options,
    ).body


def streamed(client: Elasticsearch, task_type: str, body: dict[str, Any]) -> list[Any]:
    headers = {"accept": "text/event-stream", "content-type": "application/json"}
    path = f"/_inference/{task_type}/b/_stream"
    text = str(client.perform_request("POST", path, headers=headers, body=body).body)
    return [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]


def same(ours: Asked, theirs: Asked) -> bool:
    return (ours.method, ours.path, ours.json()) == (theirs.method, theirs.path, theirs.json())


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


TOOL = {"type": "function", "function": {"name": "f", "description": "d", "parameters": {"properties": {"x": {}}}}}
BARE = {"type": "function", "function": {"name": "g"}}
CALLS = [{"id": f"c{n}", "type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}} for n in (1, 2)]


def test_a_conversation_with_tools_is_bedrocks(client: Elasticsearch, bedrock: Provider, aws: Any) -> None:
    put(client, bedrock, "chat_completion")
    request = {
        "messages": [
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": "one"},
            {"role": "user", "content": [{"type": "text", "text": "two"}, {"type": "text", "text": ""}]},
            {"role": "assistant", "content": "let me see", "tool_calls": CALLS},
            {"role": "tool", "tool_call_id": "c1", "content": "1"},
            {"role": "tool", "tool_call_id": "c2", "content": "2"},
            {"role": "user", "content": "one two three"},
        ],
        "model": "another:1",
        "max_completion_tokens": 9,
        "temperature": 0.5,
        "top_p": 0.25,
        "stop": ["x"],
        "tools": [TOOL, BARE],
        "tool_choice": "required",
    }
    streamed(client, "chat_completion", request)
    ours = bedrock.asked[-1]
    assert ours.path == "/model/another%3A1/converse-stream"
    uses = [{"toolUse": {"toolUseId": f"c{n}", "name": "f", "input": {"x": 1}}} for n in (1, 2)]
    results = [{"toolResult": {"toolUseId": f"c{n}", "content": [{"text": str(n)}]}} for n in (1, 2)]
    assert ours.json() == {
        "system": [{"text": "be brief"}],
        "messages": [
            {"role": "user", "content": [{"text": "one"}, {"text": "two"}]},
            {"role": "assistant", "content": [{"text": "let me see"}, *uses]},
            {"role": "user", "content": [*results, {"text": "one two three"}]},
        ],
        "inferenceConfig": {"maxTokens": 9, "temperature": 0.5, "topP": 0.25, "stopSequences": ["x"]},
        "toolConfig": {
            "tools": [
                {
                    "toolSpec": {
                        "name": "f",
                        "description": "d",
                        "inputSchema": {"json": {"properties": {"x": {}}, "type": "object"}},
                    }
                },
                {"toolSpec": {"name": "g", "inputSchema": {"json": {"properties": {}, "type": "object"}}}},
            ],
            "toolChoice": {"any": {}},
        },
    }
    list(aws.converse_stream(modelId="another:1", **ours.json())["stream"])
    assert same(ours, bedrock.asked[-1])


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        ("auto", {"toolChoice": {"auto": {}}}),
        ({"type": "function", "function": {"name": "f"}}, {"toolChoice": {"tool": {"name": "f"}}}),
        (None, {}),
        ("none", None),
    ],
)
def test_which_tool_is_called(client: Elasticsearch, bedrock: Provider, aws: Any, choice: Any, sent: Any) -> None:
    put(client, bedrock, "chat_completion")
    request = {"messages": [{"role": "user", "content": "a"}], "tools": [BARE]}
    streamed(client, "chat_completion", request if choice is None else {**request, "tool_choice": choice})
    ours = bedrock.asked[-1].json()
    tools = {"toolSpec": {"name": "g", "inputSchema": {"json": {"properties": {}, "type": "object"}}}}
    assert ours.get("toolConfig") == (None if sent is None else {"tools": [tools], **sent})
    list(aws.converse_stream(modelId=MODEL, **ours)["stream"])


def test_chunks_of_a_chat_are_openais(client: Elasticsearch, bedrock: Provider) -> None:
    put(client, bedrock, "chat_completion")
    told = [
        frame("messageStart", {"role": "assistant", "p": "abc"}),
        frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"reasoningContent": {"text": "hm"}}}),
        frame("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"text": "so"}}),
        frame("contentBlockStop", {"contentBlockIndex": 1}),
        frame("contentBlockStart", {"contentBlockIndex": 2, "start": {"toolUse": {"toolUseId": "t", "name": "f"}}}),
        frame("contentBlockDelta", {"contentBlockIndex": 2, "delta": {"toolUse": {"input": '{"x":'}}}),
        frame("contentBlockDelta", {"contentBlockIndex": 2, "delta": {"toolUse": {"input": " 1}"}}}),
        frame("messageStop", {"stopReason": "tool_use"}),
        frame("metadata", {"usage": {"inputTokens": 5, "outputTokens": 6, "totalTokens": 11}, "metrics": {}}),
    ]
    # The bytes come in pieces that have nothing to do with events.
    stream = b"".join(told)
    bedrock.then(Reply(headers=STREAM, parts=[stream[at : at + 7] for at in range(0, len(stream), 7)]))
    chunks = streamed(client, "chat_completion", {"messages": [{"role": "user", "content": "a"}]})
    assert len({chunk["id"] for chunk in chunks}) == 1
    assert {(chunk["model"], chunk["object"]) for chunk in chunks} == {(MODEL, "chat.completion.chunk")}
    function = {"arguments": "", "name": "f"}
    assert [chunk["choices"][0] for chunk in chunks[:-1]] == [
        {"delta": {"role": "assistant"}, "index": 0},
        {"delta": {"content": "so"}, "index": 0},
        {"delta": {"tool_calls": [{"index": 0, "id": "t", "function": function, "type": "function"}]}, "index": 0},
        {"delta": {"tool_calls": [{"index": 0, "function": {"arguments": '{"x":'}}]}, "index": 0},
        {"delta": {"tool_calls": [{"index": 0, "function": {"arguments": " 1}"}}]}, "index": 0},
        {"delta": {}, "finish_reason": "tool_calls", "index": 0},
    ]
    assert chunks[-1]["usage"] == {"completion_tokens": 6, "prompt_tokens": 5, "total_tokens": 11}


@pytest.mark.parametrize(
    ("reason", "finished"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("content_filtered", "content_filter"),
        ("guardrail_intervened", "content_filter"),
    ],
)
def test_why_an_answer_ended(client: Elasticsearch, bedrock: Provider, reason: str, finished: str) -> None:
    put(client, bedrock, "chat_completion")
    bedrock.then(Reply(headers=STREAM, parts=[frame("messageStop", {"stopReason": reason})]))
    (chunk,) = streamed(client, "chat_completion", {"messages": [{"role": "user", "content": "a"}]})
    assert chunk["choices"][0]["finish_reason"] == finished


BEGUN = frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "one"}})
DAMAGED = BEGUN[:-1] + bytes([BEGUN[-1] ^ 1])


@pytest.mark.parametrize(
    ("bad", "status", "reason"),
    [
        (
            frame("throttlingException", {"message": "slow"}, "exception"),
            429,
            "Received an error response. Error message: [slow]",
        ),
        (
            frame("validationException", {"message": "no"}, "exception"),
            400,
            "Received an error response. Error message: [no]",
        ),
        (frame("internalServerException", {}, "exception"), 500, "Received an error response. Error message: [{}]"),
        (DAMAGED, 500, "Failed to parse an event of the response: Checksum mismatch"),
        (BEGUN[:20], 500, "The response ends inside an event"),
        (
            frame("contentBlockDelta", {"delta": {"text": 1}}),
            500,
            "Field [text] in Amazon Bedrock response is not a text",
        ),
        (frame("contentBlockDelta", {}), 500, "Failed to find required field [delta] in Amazon Bedrock response"),
        (frame("contentBlockDelta", b"x"), 500, "Failed to parse an event of the response"),
    ],
)
def test_what_goes_wrong_inside_a_stream_is_told(
    client: Elasticsearch, bedrock: Provider, bad: bytes, status: int, reason: str
) -> None:
    put(client, bedrock, "chat_completion")
    bedrock.then(Reply(headers=STREAM, parts=[BEGUN, bad]))
    first, last = streamed(client, "chat_completion", {"messages": [{"role": "user", "content": "a"}]})
    assert first["choices"][0]["delta"] == {"content": "one"}
    assert last["error"]["message"].startswith(reason)
    assert last["error"]["code"] == {429: "too_many_requests", 400: "bad_request", 500: "internal_server_error"}[status]


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


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({"role": "critic", "content": "a"}, "Role [critic] not supported by the Amazon Bedrock Converse API."),
        ({"role": "tool", "content": "a"}, "Field [tool_call_id] is required in a tool message"),
        (
            {"role": "assistant", "tool_calls": [{**CALLS[0], "function": {"name": "f", "arguments": "[]"}}]},
            "The arguments of the tool call [c1] are not a JSON object",
        ),
    ],
)
def test_a_conversation_that_bedrock_has_no_words_for_is_refused(
    client: Elasticsearch, bedrock: Provider, message: dict[str, Any], reason: str
) -> None:
    put(client, bedrock, "chat_completion")
    bedrock.asked.clear()
    with pytest.raises(ApiError) as caught:
        streamed(client, "chat_completion", {"messages": [message]})
    assert caught.value.meta.status == 400
    assert reason in str(caught.value.body)
    assert not bedrock.asked


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
