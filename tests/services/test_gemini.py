"""Gemini on Vertex AI: what is sent beside what Google's own client sends, and conversations both ways."""

from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import ApiError, Elasticsearch
from google import genai
from google.genai import types
from google.oauth2.credentials import Credentials
from pydantic import ValidationError

from tests.services.cases.googleaistudio import candidate, error, gemini_events
from tests.services.cases.googlevertexai import vertex_answer
from tests.services.provider import Asked, Provider, Reply
from tests.services.streams import chat, pieces, stream, user
from tests.services.test_googlevertexai import GLOBAL, MODEL, put

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = {"name": "weather", "description": "How the weather is.", "parameters": CITY}
TOOLS = [
    {"type": "function", "function": {**WEATHER, "strict": True}},
    {"type": "function", "function": {"name": "now"}},
]


@pytest.fixture
def vertex(provider: Provider) -> Provider:
    provider.always = vertex_answer
    return provider


@pytest.fixture
def sdk(provider: Provider) -> Iterator[genai.Client]:
    """The vendor's client in front of the same server, with a token of its own."""
    options = types.HttpOptions(base_url=provider.url, api_version="v1")
    token: Any = Credentials(token="t")  # type: ignore[no-untyped-call]
    with genai.Client(vertexai=True, project="p", location="global", credentials=token, http_options=options) as sdk:
        yield sdk


def same(provider: Provider) -> Asked:
    """The last two requests, ours and the vendor's client's, are the same."""
    ours, theirs = provider.asked[-2:]
    assert ours.path == theirs.path
    assert ours.json() == theirs.json()
    return ours


def fits_the_sdk(body: dict[str, Any]) -> None:
    """Every member is one that Google's own client knows, of its type."""
    kinds: dict[str, Any] = {
        "generationConfig": types.GenerationConfig,
        "toolConfig": types.ToolConfig,
        "systemInstruction": types.Content,
    }
    for item in body["contents"]:
        types.Content.model_validate(item)
    for item in body.get("tools", ()):
        types.Tool.model_validate(item)
    for name in set(body) - {"contents", "tools"}:
        kinds[name].model_validate(body[name])


def test_the_vendors_types_know_their_members() -> None:
    with pytest.raises(ValidationError):
        fits_the_sdk({"contents": [{"role": "user", "parts": [{"txet": "a"}]}]})


def test_the_vendors_client_embeds_the_same(client: Elasticsearch, vertex: Provider, sdk: genai.Client) -> None:
    model = "text-embedding-005"
    put(client, vertex, service_settings={"model_id": model, "dimensions": 3}, task_settings={"auto_truncate": True})
    found = client.inference.text_embedding(inference_id="v", input=["a", "bb"], input_type="ingest").body
    config = types.EmbedContentConfig(task_type="RETRIEVAL_DOCUMENT", output_dimensionality=3, auto_truncate=True)
    told = sdk.models.embed_content(model=model, contents=["a", "bb"], config=config)
    assert same(vertex).path == f"{GLOBAL}/publishers/google/models/{model}:predict"
    assert told.embeddings is not None
    assert [item["embedding"] for item in found["text_embedding"]] == [item.values for item in told.embeddings]


def test_the_vendors_client_completes_the_same(client: Elasticsearch, vertex: Provider, sdk: genai.Client) -> None:
    put(client, vertex, "completion", task_settings={"max_tokens": 9})
    answer = client.inference.completion(inference_id="v", input="one two")
    config = types.GenerateContentConfig(max_output_tokens=9)
    told = sdk.models.generate_content(model="m", contents="one two", config=config)
    assert same(vertex).path == f"{MODEL}:generateContent"
    assert answer.body == {"completion": [{"result": told.text}]}
    assert told.usage_metadata is not None
    assert answer.meta.headers["x-headpond-tokens"] == str(told.usage_metadata.total_token_count)


def test_the_vendors_client_reads_the_same_from_the_stream(
    client: Elasticsearch, vertex: Provider, sdk: genai.Client
) -> None:
    put(client, vertex, "chat_completion")
    chunks = chat(client, "v", user("one two three"), temperature=0.5, top_p=0.25, stop=["E"], max_completion_tokens=9)
    config = types.GenerateContentConfig(temperature=0.5, top_p=0.25, stop_sequences=["E"], max_output_tokens=9)
    told = list(sdk.models.generate_content_stream(model="m", contents="one two three", config=config))
    assert same(vertex).path == f"{MODEL}:streamGenerateContent?alt=sse"
    said = [choice["delta"]["content"] for chunk in chunks for choice in chunk["choices"]]
    assert said == [piece.text for piece in told] == ["one", " two", " three"]
    assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"
    assert chunks[-2]["choices"][0]["finish_reason"] == "stop"
    assert chunks[-1]["usage"] == {"completion_tokens": 3, "prompt_tokens": 2, "total_tokens": 5}


def test_a_conversation_with_tools_becomes_geminis(client: Elasticsearch, vertex: Provider) -> None:
    put(
        client,
        vertex,
        "chat_completion",
        task_settings={"max_tokens": 99, "thinking_config": {"thinking_budget": 0}},
    )
    calls = [
        {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}},
        {"id": "now", "type": "function", "function": {"name": "now", "arguments": ""}},
    ]
    chat(
        client,
        "v",
        {"role": "system", "content": "Be short."},
        user("Weather?"),
        {"role": "assistant", "content": "I look.", "tool_calls": calls},
        {"role": "tool", "tool_call_id": "c1", "content": '{"sky": "grey"}'},
        {"role": "tool", "tool_call_id": "now", "content": [{"type": "text", "text": "noon"}]},
        {"role": "system", "content": [{"type": "text", "text": "Be kind."}]},
        {"role": "assistant", "content": "Rain."},
        {"role": "user", "content": [{"type": "text", "text": "and"}, {"type": "text", "text": "tomorrow?"}]},
        model="other",
        tools=TOOLS,
        tool_choice={"type": "function", "function": {"name": "weather"}},
    )
    (asked,) = vertex.asked
    assert asked.path == f"{GLOBAL}/publishers/google/models/other:streamGenerateContent?alt=sse"
    assert asked.json() == {
        "contents": [
            {"role": "user", "parts": [{"text": "Weather?"}]},
            {
                "role": "model",
                "parts": [
                    {"text": "I look."},
                    {
                        "functionCall": {"name": "weather", "args": {"city": "Oslo"}, "id": "c1"},
                        "thoughtSignature": "skip_thought_signature_validator",
                    },
                    {"functionCall": {"name": "now", "args": {}}},
                ],
            },
            {
                "role": "user",
                "parts": [
                    {"functionResponse": {"name": "weather", "id": "c1", "response": {"sky": "grey"}}},
                    {"functionResponse": {"name": "now", "response": {"output": "noon"}}},
                ],
            },
            {"role": "model", "parts": [{"text": "Rain."}]},
            {"role": "user", "parts": [{"text": "and"}, {"text": "tomorrow?"}]},
        ],
        "generationConfig": {"maxOutputTokens": 99, "thinkingConfig": {"thinkingBudget": 0}},
        "tools": [{"functionDeclarations": [WEATHER, {"name": "now"}]}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["weather"]}},
        "systemInstruction": {"parts": [{"text": "Be short."}, {"text": "Be kind."}]},
    }
    fits_the_sdk(asked.json())


@pytest.mark.parametrize(("given", "mode"), [("auto", "AUTO"), ("none", "NONE"), ("required", "ANY")])
def test_choices_of_tools_have_googles_names(client: Elasticsearch, vertex: Provider, given: str, mode: str) -> None:
    put(client, vertex, "chat_completion")
    chat(client, "v", user("x"), tools=TOOLS, tool_choice=given)
    assert vertex.asked[0].json()["toolConfig"] == {"functionCallingConfig": {"mode": mode}}
    fits_the_sdk(vertex.asked[0].json())


def test_the_request_wins_over_the_task_settings(client: Elasticsearch, vertex: Provider) -> None:
    put(client, vertex, "chat_completion", task_settings={"max_tokens": 99})
    chat(client, "v", user("x"), max_completion_tokens=5)
    assert vertex.asked[0].json()["generationConfig"] == {"maxOutputTokens": 5}


BAD_CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "[1"}}


@pytest.mark.parametrize(
    ("messages", "options", "reason"),
    [
        ([{"role": "judge", "content": "x"}], {}, "Role [judge] not supported by Google VertexAI ChatCompletion."),
        ([{"role": "tool", "content": "x"}], {}, "Tool messages require a [tool_call_id]"),
        ([user("x")], {"tool_choice": "maybe"}, "Tool choice value [maybe] not supported"),
        (
            [user("x")],
            {"tools": [{"type": "search", "function": {"name": "f"}}]},
            "Tool type [search] not supported by Google VertexAI ChatCompletion. Supported types: [function]",
        ),
        ([{"role": "assistant", "tool_calls": [BAD_CALL]}], {}, "The arguments of the tool call [c]"),
    ],
)
def test_what_gemini_has_no_counterpart_for_is_refused(
    client: Elasticsearch, vertex: Provider, messages: list[Any], options: dict[str, Any], reason: str
) -> None:
    put(client, vertex, "chat_completion")
    with pytest.raises(ApiError) as caught:
        chat(client, "v", *messages, **options)
    assert caught.value.meta.status == 400
    assert reason in str(caught.value.body)
    assert not vertex.asked


def test_calls_of_tools_come_back_as_openais(client: Elasticsearch, vertex: Provider, sdk: genai.Client) -> None:
    put(client, vertex, "chat_completion")
    shared = {"modelVersion": "gemini-3", "responseId": "r1"}
    first = [{"text": "hm", "thought": True}, {"text": "I look."}]
    called = {"functionCall": {"name": "weather", "args": {"city": "Oslo"}, "id": "c1"}, "thoughtSignature": "c2ln"}
    second = [called, {"functionCall": {"name": "now"}}]
    counts = {"promptTokenCount": 10, "candidatesTokenCount": 4, "thoughtsTokenCount": 7, "totalTokenCount": 21}
    ended = {"content": {"role": "model"}, "finishReason": "STOP"}
    told = gemini_events(
        {"candidates": [{"content": {"role": "model", "parts": first}}], "usageMetadata": counts, **shared},
        {"candidates": [{"content": {"role": "model", "parts": second}}], **shared},
        {"candidates": [ended], "usageMetadata": counts, **shared},
    )
    vertex.then(Reply(parts=told), Reply(parts=told))
    chunks = chat(client, "v", user("Weather?"), tools=TOOLS)
    calls = [
        {"index": 0, "id": "c1", "function": {"arguments": '{"city":"Oslo"}', "name": "weather"}, "type": "function"},
        {"index": 1, "id": "now", "function": {"arguments": "{}", "name": "now"}, "type": "function"},
    ]
    assert [chunk["choices"] for chunk in chunks] == [
        [{"delta": {"role": "assistant", "content": "I look."}, "index": 0}],
        [{"delta": {"tool_calls": calls}, "index": 0}],
        [{"delta": {}, "finish_reason": "tool_calls", "index": 0}],
        [],
    ]
    assert {(chunk["id"], chunk["model"]) for chunk in chunks} == {("r1", "gemini-3")}
    assert chunks[-1]["usage"] == {"completion_tokens": 11, "prompt_tokens": 10, "total_tokens": 21}
    theirs = [
        part
        for piece in sdk.models.generate_content_stream(model="m", contents="x")
        for part in piece.function_calls or ()
    ]
    assert [(call.name, call.args or {}) for call in theirs] == [("weather", {"city": "Oslo"}), ("now", {})]


@pytest.mark.parametrize(
    ("reason", "finish_reason"),
    [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("SAFETY", "content_filter"),
        ("RECITATION", "content_filter"),
        ("MALFORMED_FUNCTION_CALL", "stop"),
    ],
)
def test_reasons_to_stop_have_openais_names(
    client: Elasticsearch, vertex: Provider, reason: str, finish_reason: str
) -> None:
    put(client, vertex, "chat_completion")
    vertex.then(Reply(parts=gemini_events({"candidates": [candidate("a", reason)]})))
    (chunk,) = chat(client, "v", user("x"))
    assert chunk["choices"][0]["finish_reason"] == finish_reason


def test_an_error_in_the_stream_keeps_googles_name(client: Elasticsearch, vertex: Provider) -> None:
    put(client, vertex, "chat_completion")
    vertex.then(Reply(parts=gemini_events({"candidates": [candidate("a")]}, error("no"))))
    text = stream(client, "chat_completion/v", {"messages": [user("x")]})
    message = "Received an error response. Error message: [no]"
    said = {"error": {"code": "400", "message": message, "type": "INVALID_ARGUMENT"}}
    assert pieces(text)[-1] == said
