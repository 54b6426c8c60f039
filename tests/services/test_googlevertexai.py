import json
from typing import Any

import pytest
from elasticsearch import ApiError, BadRequestError, Elasticsearch

from headpond.inference.task_type import TaskType
from headpond.services._google import places
from headpond.services.googlevertexai import GoogleVertexAI
from tests.services.cases.anthropic import message_answer
from tests.services.cases.googlevertexai import key_file, keys, token_of, vertex_answer
from tests.services.cases.openai import chat_answer
from tests.services.provider import Asked, Provider, Reply
from tests.services.streams import chat, stream, user

KEY = "id-of-the-key"
GLOBAL = "/v1/projects/p/locations/global"
MODEL = f"{GLOBAL}/publishers/google/models/m"


@pytest.fixture
def vertex(provider: Provider) -> Provider:
    provider.always = vertex_answer
    return provider


def put(client: Elasticsearch, provider: Provider, task_type: str = "text_embedding", **options: Any) -> dict[str, Any]:
    settings = {"service_account_json": key_file(provider.url, KEY), "project_id": "p", "model_id": "m"}
    settings |= {"url": provider.url, **options.pop("service_settings", {})}
    settings = {name: value for name, value in settings.items() if value is not None}
    config = {"service": "googlevertexai", "service_settings": settings, **options}
    stored = client.inference.put(task_type=task_type, inference_id="v", inference_config=config).body
    provider.asked.clear()
    return dict(stored)


def refused(client: Elasticsearch, provider: Provider, task_type: str = "text_embedding", **options: Any) -> str:
    with pytest.raises(BadRequestError) as caught:
        put(client, provider, task_type, **options)
    return str(caught.value.body["error"]["reason"])


def where(task_type: str, action: str, **settings: Any) -> str:
    """Where an endpoint asks Google."""
    needed = {"service_account_json": key_file("http://x"), "project_id": "my project", "model_id": "m@1"}
    config = {"service_settings": {**needed, **settings}}
    endpoint, _ = GoogleVertexAI().parse("v", TaskType(task_type), config)
    if action == "rank":
        return places.ranking(endpoint)
    if action == "predict":
        return places.predicting(endpoint)
    return places.completing(endpoint, "m@1", stream=action == "stream")


def test_embeddings_show_their_settings_in_order(client: Elasticsearch, vertex: Provider) -> None:
    stored = put(client, vertex, service_settings={"location": "us-east1", "max_batch_size": 2})
    assert list(stored["service_settings"].items()) == [
        ("location", "us-east1"),
        ("project_id", "p"),
        ("model_id", "m"),
        ("url", vertex.url),
        ("dimensions", 3),
        ("max_batch_size", 2),
        ("similarity", "dot_product"),
        ("rate_limit", {"requests_per_minute": 30000}),
    ]


def test_rankings_show_their_settings_in_order(client: Elasticsearch, vertex: Provider) -> None:
    stored = put(client, vertex, "rerank", task_settings={"top_n": 3})
    assert list(stored["service_settings"].items()) == [
        ("project_id", "p"),
        ("model_id", "m"),
        ("url", vertex.url),
        ("rate_limit", {"requests_per_minute": 300}),
    ]
    assert stored["task_settings"] == {"top_n": 3}


def test_completions_show_their_settings_in_order(client: Elasticsearch, vertex: Provider) -> None:
    task_settings = {"thinking_config": {"thinking_budget": 0}, "max_tokens": 9}
    stored = put(client, vertex, "completion", service_settings={"location": "us-east1"}, task_settings=task_settings)
    assert list(stored["service_settings"].items()) == [
        ("project_id", "p"),
        ("location", "us-east1"),
        ("model_id", "m"),
        ("url", vertex.url),
        ("provider", "GOOGLE"),
        ("rate_limit", {"requests_per_minute": 1000}),
    ]
    assert stored["task_settings"] == task_settings


@pytest.mark.parametrize(
    ("task_type", "action", "settings", "url"),
    [
        (
            "text_embedding",
            "predict",
            {"location": "us-east1"},
            "https://us-east1-aiplatform.googleapis.com/v1/projects/my%20project/locations/us-east1/publishers/google"
            "/models/m@1:predict",
        ),
        (
            "text_embedding",
            "predict",
            {},
            "https://aiplatform.googleapis.com/v1/projects/my%20project/locations/global/publishers/google/models/m@1"
            ":predict",
        ),
        (
            "rerank",
            "rank",
            {},
            "https://discoveryengine.googleapis.com/v1/projects/my%20project/locations/global/rankingConfigs"
            "/default_ranking_config:rank",
        ),
        (
            "completion",
            "whole",
            {"location": "us-east1"},
            "https://us-east1-aiplatform.googleapis.com/v1/projects/my%20project/locations/global/publishers/google"
            "/models/m@1:generateContent",
        ),
        (
            "chat_completion",
            "stream",
            {"location": "global"},
            "https://aiplatform.googleapis.com/v1/projects/my%20project/locations/global/publishers/google/models/m@1"
            ":streamGenerateContent?alt=sse",
        ),
    ],
)
def test_google_is_asked_where_elasticsearch_asks_it(
    task_type: str, action: str, settings: dict[str, Any], url: str
) -> None:
    assert where(task_type, action, **settings) == url


def test_the_embedding_request_is_vertex_ais(client: Elasticsearch, vertex: Provider) -> None:
    task_settings = {"auto_truncate": True, "input_type": "clustering"}
    put(client, vertex, service_settings={"dimensions": 3}, task_settings=task_settings)
    client.inference.text_embedding(inference_id="v", input=["a", "bb"])
    client.inference.text_embedding(
        inference_id="v", input="a", input_type="search", task_settings={"auto_truncate": False}
    )
    assert [(asked.method, asked.path) for asked in vertex.asked] == [("POST", f"{MODEL}:predict")] * 2
    assert vertex.asked[0].json() == {
        "instances": [{"content": "a", "task_type": "CLUSTERING"}, {"content": "bb", "task_type": "CLUSTERING"}],
        "parameters": {"autoTruncate": True, "outputDimensionality": 3},
    }
    assert vertex.asked[1].json() == {
        "instances": [{"content": "a", "task_type": "RETRIEVAL_QUERY"}],
        "parameters": {"autoTruncate": False, "outputDimensionality": 3},
    }
    assert vertex.asked[1].headers["authorization"] == f"Bearer {token_of(KEY)}"


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
    client: Elasticsearch, vertex: Provider, input_type: str | None, sent: str | None
) -> None:
    put(client, vertex)
    client.inference.text_embedding(inference_id="v", input="a", input_type=input_type)
    assert vertex.asked[0].json() == {"instances": [{"content": "a", **({"task_type": sent} if sent else {})}]}


def test_vectors_and_tokens_come_back(client: Elasticsearch, vertex: Provider) -> None:
    put(client, vertex)
    answer = client.inference.text_embedding(inference_id="v", input=["a", "bb"])
    assert [item["embedding"] for item in answer["text_embedding"]] == [[1.0, 1.0, 0.5], [2.0, 1.0, 0.5]]
    assert answer.meta.headers["x-headpond-tokens"] == "4"
    vertex.then(Reply(body={"predictions": [{"embeddings": {"values": [1, 2, 3]}}]}))
    assert "x-headpond-tokens" not in client.inference.text_embedding(inference_id="v", input="a").meta.headers


def test_the_user_says_how_many_texts_go_into_a_request(client: Elasticsearch, vertex: Provider) -> None:
    put(client, vertex, service_settings={"max_batch_size": 2})
    client.inference.text_embedding(inference_id="v", input=["a"] * 5)
    assert [len(asked.json()["instances"]) for asked in vertex.asked] == [2, 2, 1]
    updated = client.inference.update(inference_id="v", inference_config={"service_settings": {"max_batch_size": 4}})
    assert updated["service_settings"]["max_batch_size"] == 4
    vertex.asked.clear()
    client.inference.text_embedding(inference_id="v", input=["a"] * 5)
    assert [len(asked.json()["instances"]) for asked in vertex.asked] == [4, 1]


def test_requests_hold_no_more_tokens_than_google_takes(client: Elasticsearch, vertex: Provider) -> None:
    put(client, vertex)
    client.inference.text_embedding(inference_id="v", input=["x" * 27_000] * 5)
    assert [len(asked.json()["instances"]) for asked in vertex.asked] == [2, 2, 1]


def test_the_ranking_request_is_googles(client: Elasticsearch, vertex: Provider) -> None:
    put(client, vertex, "rerank", task_settings={"top_n": 2})
    client.inference.rerank(inference_id="v", query="q", input=["a", "bbb"])
    client.inference.rerank(inference_id="v", query="q", input=["a"], top_n=1, return_documents=True)
    assert [asked.path for asked in vertex.asked] == [f"{GLOBAL}/rankingConfigs/default_ranking_config:rank"] * 2
    assert vertex.asked[0].json() == {
        "model": "m",
        "query": "q",
        "records": [{"id": "0", "content": "a"}, {"id": "1", "content": "bbb"}],
        "topN": 2,
    }
    assert vertex.asked[1].json() == {
        "model": "m",
        "query": "q",
        "records": [{"id": "0", "content": "a"}],
        "topN": 1,
        "ignoreRecordDetailsInResponse": False,
    }


def test_a_ranking_needs_no_model(client: Elasticsearch, vertex: Provider) -> None:
    put(client, vertex, "rerank", service_settings={"model_id": None})
    client.inference.rerank(inference_id="v", query="q", input=["a"])
    assert "model" not in vertex.asked[0].json()


@pytest.mark.parametrize(("wanted", "texts"), [(None, ["bbb", "a"]), (True, ["bbb", "a"]), (False, [None, None])])
def test_texts_come_back_unless_they_are_not_wanted(
    client: Elasticsearch, vertex: Provider, wanted: bool | None, texts: list[str | None]
) -> None:
    put(client, vertex, "rerank")
    options = {} if wanted is None else {"return_documents": wanted}
    answer = client.inference.rerank(inference_id="v", query="q", input=["a", "bbb"], **options)
    assert [item["index"] for item in answer["rerank"]] == [1, 0]
    assert [item.get("text") for item in answer["rerank"]] == texts


@pytest.mark.parametrize("identity", ["2", "-1", "x", 0, "", "1" * 5000])
def test_a_record_about_no_document_is_refused(client: Elasticsearch, vertex: Provider, identity: Any) -> None:
    put(client, vertex, "rerank")
    wrong = Reply(body={"records": [{"id": identity, "score": 0.5}]})
    vertex.then(wrong, wrong)
    with pytest.raises(ApiError, match="of the request"):
        client.inference.rerank(inference_id="v", query="q", input=["a", "b"])


def test_settings_that_are_wrong_are_named(client: Elasticsearch, vertex: Provider) -> None:
    assert "[location] must be the name of a location" in refused(
        client, vertex, service_settings={"location": "x.example/y"}
    )
    assert "[provider] must be one of [ai21, anthropic, google, hugging_face, meta, mistral]" in refused(
        client, vertex, "completion", service_settings={"provider": "aws"}
    )
    assert "'streaming_url' must not be provided" in refused(
        client, vertex, "completion", service_settings={"streaming_url": vertex.url}
    )
    assert "Google Model Garden provider=meta selected. Either 'url' or 'streaming_url' must be provided" in refused(
        client, vertex, "completion", service_settings={"provider": "meta", "url": None}
    )
    assert "less than or equal to [250]" in refused(client, vertex, service_settings={"max_batch_size": 251})
    assert "does not allow the setting [thinking_config.budget]" in refused(
        client, vertex, "completion", task_settings={"thinking_config": {"budget": 1}}
    )
    assert not vertex.asked


@pytest.mark.parametrize("key_file", ["{", "[]", '{"client_email": "a"}', "hunter2"])
def test_what_is_no_key_file_is_refused_and_not_shown(client: Elasticsearch, vertex: Provider, key_file: str) -> None:
    reason = refused(client, vertex, service_settings={"service_account_json": key_file})
    assert reason == (
        "Validation Failed: 1: [service_settings] [service_account_json] must be the text of a service account's key"
        " file: a JSON object with [client_email], [private_key] and [token_uri];"
    )


def test_what_is_blocked_is_refused(client: Elasticsearch, vertex: Provider) -> None:
    put(client, vertex, "completion")
    vertex.then(Reply(body={"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}))
    with pytest.raises(BadRequestError, match=r"The provider blocked the input. Reason: \[PROHIBITED_CONTENT\]"):
        client.inference.completion(inference_id="v", input="x")


GARDEN: dict[str, dict[str, Any]] = {
    "anthropic": {"anthropic_version": "vertex-2023-10-16", "max_tokens": 1024},
    "meta": {"model": "m"},
    "hugging_face": {"model": "m"},
    "mistral": {"model": "m"},
    "ai21": {"model": "m"},
}


def garden_answer(asked: Asked) -> Reply:
    if asked.path == "/token":
        return vertex_answer(asked)
    return message_answer(asked) if "anthropic_version" in asked.json() else chat_answer(asked)


@pytest.fixture
def garden(provider: Provider) -> Provider:
    provider.always = garden_answer
    return provider


def planted(client: Elasticsearch, provider: Provider, task_type: str, maker: str, **urls: Any) -> dict[str, Any]:
    settings = {"provider": maker, "project_id": None, "url": None}
    settings |= {name: provider.url + path for name, path in urls.items()}
    return put(client, provider, task_type, service_settings=settings)


@pytest.mark.parametrize("maker", GARDEN)
def test_models_of_the_garden_are_asked_in_their_makers_language(
    client: Elasticsearch, garden: Provider, maker: str
) -> None:
    stored = planted(client, garden, "completion", maker, url="/x:rawPredict?a=1", streaming_url="/x:streamRawPredict")
    assert stored["service_settings"]["provider"] == maker.upper()
    answer = client.inference.completion(inference_id="v", input="one two").body
    text = stream(client, "completion/v", {"input": "one two"})
    assert answer == {"completion": [{"result": "one two"}]}
    assert '{"completion":[{"delta":" two"}]}' in text
    assert [asked.path for asked in garden.asked] == ["/x:rawPredict?a=1", "/x:streamRawPredict"]
    assert all(asked.headers["authorization"] == f"Bearer {token_of(KEY)}" for asked in garden.asked)
    shared = {**GARDEN[maker], "messages": [{"role": "user", "content": "one two"}]}
    counted = {"stream_options": {"include_usage": True}} if maker in ("hugging_face", "ai21") else {}
    assert garden.asked[0].json() == {**shared, "stream": False}
    assert garden.asked[1].json() == {**shared, "stream": True, **counted}


@pytest.mark.parametrize("maker", GARDEN)
@pytest.mark.parametrize("name", ["url", "streaming_url"])
def test_one_address_of_the_garden_stands_for_both(
    client: Elasticsearch, garden: Provider, maker: str, name: str
) -> None:
    planted(client, garden, "chat_completion", maker, **{name: "/x"})
    told = chat(client, "v", user("one two"), max_completion_tokens=5, model="n")
    assert " two" in [choice["delta"].get("content") for chunk in told for choice in chunk["choices"]]
    (asked,) = garden.asked
    assert asked.path == "/x"
    assert asked.json()["max_tokens"] == 5
    assert asked.json().get("model") == (None if maker == "anthropic" else "n")


def test_an_error_of_the_gardens_maker_is_told(client: Elasticsearch, garden: Provider) -> None:
    planted(client, garden, "completion", "anthropic", url="/x")
    overloaded = {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}
    garden.then(Reply(529, overloaded, {"retry-after": "0"}), Reply(400, [{"error": {"message": "in a list"}}]))
    with pytest.raises(BadRequestError, match=r"status \[400\]. Error message: \[in a list\]"):
        client.inference.completion(inference_id="v", input="x")
    assert len(garden.asked) == 2


def test_the_key_is_never_shown(client: Elasticsearch, vertex: Provider) -> None:
    shown = [put(client, vertex), client.inference.get().body]
    quoted = json.dumps({"a": [key_file(vertex.url, KEY), keys()[0], KEY, token_of(KEY)]})
    for said in (quoted, keys()[0], KEY):
        vertex.then(Reply(403, {"error": {"message": said}}))
        with pytest.raises(ApiError) as caught:
            client.inference.text_embedding(inference_id="v", input="a")
        shown.append(caught.value.body)
    text = json.dumps(shown)
    assert "***" in text
    secret = keys()[0].splitlines()[1]
    assert not [part for part in (KEY, token_of(KEY), secret) if part in text]
