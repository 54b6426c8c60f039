import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import ApiError, BadRequestError, Elasticsearch
from google import genai
from google.genai import types

from tests.services.cases.googleaistudio import candidate, error, gemini_events, studio_answer
from tests.services.provider import Asked, Provider, Reply
from tests.services.streams import stream


@pytest.fixture
def studio(provider: Provider) -> Provider:
    provider.always = studio_answer
    return provider


@pytest.fixture
def sdk(provider: Provider) -> Iterator[genai.Client]:
    """The vendor's client in front of the same server."""
    options = types.HttpOptions(base_url=provider.url, api_version="v1")
    with genai.Client(api_key="hunter2", http_options=options) as sdk:
        yield sdk


def put(client: Elasticsearch, provider: Provider, task_type: str = "text_embedding", **more: Any) -> dict[str, Any]:
    settings = {"api_key": "hunter2", "model_id": "m", "url": provider.url, **more}
    config = {"service": "googleaistudio", "service_settings": settings}
    stored = client.inference.put(task_type=task_type, inference_id="g", inference_config=config).body
    return dict(stored)


def streamed(client: Elasticsearch) -> str:
    return stream(client, "completion/g", {"input": "one two"})


def same(provider: Provider) -> Asked:
    """The last two requests, ours and the vendor's client's, are the same."""
    ours, theirs = provider.asked[-2:]
    assert ours.path == theirs.path
    assert ours.json() == theirs.json()
    assert ours.headers["x-goog-api-key"] == theirs.headers["x-goog-api-key"] == "hunter2"
    return ours


def test_put_learns_dimensions_and_shows_settings_in_order(client: Elasticsearch, studio: Provider) -> None:
    stored = put(client, studio, max_input_tokens=5)
    assert list(stored["service_settings"].items()) == [
        ("model_id", "m"),
        ("url", studio.url),
        ("max_input_tokens", 5),
        ("dimensions", 3),
        ("similarity", "dot_product"),
        ("rate_limit", {"requests_per_minute": 360}),
    ]
    assert studio.asked[0].json()["requests"][0]["taskType"] == "RETRIEVAL_DOCUMENT"


def test_the_vendors_client_embeds_the_same(client: Elasticsearch, studio: Provider, sdk: genai.Client) -> None:
    put(client, studio, dimensions=3)
    found = client.inference.text_embedding(inference_id="g", input=["a", "bb"], input_type="search").body
    told = sdk.models.embed_content(
        model="m",
        contents=[types.Content(parts=[types.Part(text=text)]) for text in ("a", "bb")],
        config=types.EmbedContentConfig(task_type="RETRIEVAL_QUERY", output_dimensionality=3),
    )
    assert same(studio).path == "/v1/models/m:batchEmbedContents"
    assert told.embeddings is not None
    assert [item["embedding"] for item in found["text_embedding"]] == [item.values for item in told.embeddings]


def test_the_vendors_client_completes_the_same(client: Elasticsearch, studio: Provider, sdk: genai.Client) -> None:
    put(client, studio, "completion")
    answer = client.inference.completion(inference_id="g", input="one two")
    told = sdk.models.generate_content(
        model="m", contents="one two", config=types.GenerateContentConfig(candidate_count=1)
    )
    assert same(studio).path == "/v1/models/m:generateContent"
    assert answer.body == {"completion": [{"result": told.text}]} == {"completion": [{"result": "one two"}]}
    assert told.usage_metadata is not None
    assert answer.meta.headers["x-headpond-tokens"] == str(told.usage_metadata.total_token_count)


def test_the_vendors_client_reads_the_same_from_the_stream(
    client: Elasticsearch, studio: Provider, sdk: genai.Client
) -> None:
    put(client, studio, "completion")
    text = streamed(client)
    told = sdk.models.generate_content_stream(
        model="m", contents="one two", config=types.GenerateContentConfig(candidate_count=1)
    )
    pieces = [piece.text for piece in told]
    assert same(studio).path == "/v1/models/m:streamGenerateContent?alt=sse"
    data = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
    assert [json.loads(item)["completion"][0]["delta"] for item in data[:-1]] == pieces == ["one", " two"]


@pytest.mark.parametrize(
    ("input_type", "sent"),
    [
        ("ingest", "RETRIEVAL_DOCUMENT"),
        ("search", "RETRIEVAL_QUERY"),
        ("classification", "CLASSIFICATION"),
        ("clustering", "CLUSTERING"),
        ("unspecified", None),
        (None, None),
    ],
)
def test_input_types_have_googles_names(
    client: Elasticsearch, studio: Provider, input_type: str | None, sent: str | None
) -> None:
    put(client, studio)
    client.inference.text_embedding(inference_id="g", input="a", input_type=input_type)
    request = {"model": "models/m", "content": {"parts": [{"text": "a"}]}, **({"taskType": sent} if sent else {})}
    assert studio.asked[-1].json() == {"requests": [request]}


def test_a_model_with_a_slash_stays_one_part_of_the_path(client: Elasticsearch, studio: Provider) -> None:
    put(client, studio, "completion", model_id="a/b?c")
    assert studio.asked[0].path == "/v1/models/a%2Fb%3Fc:generateContent"


def test_task_settings_are_unknown(client: Elasticsearch, studio: Provider) -> None:
    settings = {"api_key": "k", "model_id": "m", "url": studio.url}
    config = {"service": "googleaistudio", "service_settings": settings, "task_settings": {"a": 1}}
    with pytest.raises(
        BadRequestError, match=r"contains settings \[\{a=1\}\] unknown to the \[googleaistudio\] service"
    ):
        client.inference.put(task_type="completion", inference_id="g", inference_config=config)


def test_thoughts_are_left_out_and_an_empty_answer_is_one(client: Elasticsearch, studio: Provider) -> None:
    put(client, studio, "completion")
    parts = [{"text": "hm", "thought": True}, {"text": "a"}, {"text": "b"}]
    studio.then(Reply(body={"candidates": [{"content": {"role": "model", "parts": parts}}]}))
    assert client.inference.completion(inference_id="g", input="x").body == {"completion": [{"result": "ab"}]}
    studio.then(Reply(body={"candidates": [{"content": {"role": "model"}, "finishReason": "MAX_TOKENS"}]}))
    assert client.inference.completion(inference_id="g", input="x").body == {"completion": [{"result": ""}]}


def test_a_blocked_question_is_refused(client: Elasticsearch, studio: Provider) -> None:
    put(client, studio, "completion")
    blocked = {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 2}}
    studio.then(Reply(body=blocked), Reply(parts=gemini_events(blocked)))
    reason = "The provider blocked the input. Reason: [SAFETY]"
    with pytest.raises(BadRequestError) as caught:
        client.inference.completion(inference_id="g", input="x")
    assert caught.value.body["error"]["reason"] == reason
    with pytest.raises(ApiError) as stopped:
        streamed(client)
    assert stopped.value.meta.status == 400
    assert reason in str(stopped.value.body)


def test_an_error_in_the_stream_ends_it(client: Elasticsearch, studio: Provider) -> None:
    put(client, studio, "completion")
    studio.then(Reply(parts=gemini_events({"candidates": [candidate("a")]}, error("no hunter2"))))
    text = streamed(client)
    assert "Received an error response. Error message: [no ***]" in text
    assert "[DONE]" not in text


def test_the_key_is_in_no_address_and_in_no_log(
    client: Elasticsearch, studio: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        put(client, studio, "completion")
        streamed(client)
        studio.then(Reply(404, error("no such model")))
        with pytest.raises(ApiError) as caught:
            client.inference.completion(inference_id="g", input="x")
    assert "hunter2" not in "".join(asked.path for asked in studio.asked)
    assert "_inference/completion/" in caplog.text  # something is logged
    assert "hunter2" not in caplog.text
    assert caught.value.body["error"]["reason"] == (  # type: ignore[index]
        f"Resource not found at [{studio.url}/v1/models/m:generateContent] for request from inference entity id [g]"
        " status [404]. Error message: [no such model]"
    )
