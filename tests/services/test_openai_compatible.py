"""Services that differ from OpenAI's in addresses, names and a few members: exact requests, settings and defaults."""

from dataclasses import dataclass
from typing import Any

import pytest
from elasticsearch import BadRequestError, Elasticsearch

from headpond.inference.endpoint import Endpoint
from headpond.inference.task_type import TaskType
from headpond.node.inference import SERVICES
from tests.services.cases.azureopenai import embeddings as azure_embeddings
from tests.services.cases.hugging_face import embeddings as bare_embeddings
from tests.services.cases.llama import embeddings as llama_embeddings
from tests.services.cases.openai import chat_answer
from tests.services.conftest import openai_embeddings
from tests.services.provider import Asked, Provider, Reply
from tests.services.streams import stream, whole

QUESTION = [{"content": "one two", "role": "user"}]
LIMIT = {"max_completion_tokens": 7, "temperature": 0.5}


@dataclass(frozen=True)
class Variant:
    """One service.

    Attributes:
        service: its name.
        given: service settings besides the key and the address, for all task types.
        embeddings: the address below the server, and the path that is asked; None where there are none.
        chat: the same for completions.
        batch: members of an embedding request for the texts `a` and `bb`.
        named: members that name the model in completions.
        tokens: what the longest answer is called.
        counted: whether streams are to end with a count of tokens.
        rates: requests a minute of embeddings and of completions.
        similarity: of embeddings, unless the user says.
        shown: settings in the order they are shown, for embeddings and for completions.
    """

    service: str
    given: dict[str, Any]
    embeddings: tuple[str, str] | None
    chat: tuple[str, str]
    batch: dict[str, Any]
    named: dict[str, Any]
    tokens: str
    counted: bool
    rates: tuple[int | None, int | None]
    similarity: str
    shown: tuple[list[str], list[str]]

    def __str__(self) -> str:
        return self.service


M = {"model_id": "m"}
MODEL = {"model": "m"}
INPUT = {"input": ["a", "bb"], "model": "m"}
COMMON = ["model_id", "url", "rate_limit", "dimensions", "similarity"]
VARIANTS = [
    Variant(
        "deepseek", M, None, ("/chat/completions", "/chat/completions"), {}, MODEL, "max_tokens", True, (None, None),
        "", ([], ["model_id", "url"]),
    ),
    Variant(
        "groq", M, None, ("/openai/v1/chat/completions", "/openai/v1/chat/completions"), {}, MODEL,
        "max_completion_tokens", True, (None, 1000), "", ([], ["model_id", "url", "rate_limit"]),
    ),
    Variant(
        "ai21", M, None, ("", "/studio/v1/chat/completions"), {}, MODEL, "max_tokens", True, (None, 200), "",
        ([], ["model_id", "url", "rate_limit"]),
    ),
    Variant(
        "fireworksai", M, ("/e", "/e"), ("/c", "/c"), INPUT, MODEL, "max_completion_tokens", True, (6000, 6000),
        "cosine", (["model_id", "url", "similarity", "dimensions", "rate_limit"], ["model_id", "url", "rate_limit"]),
    ),
    Variant(
        "mistral", MODEL, ("", "/v1/embeddings"), ("/v1", "/v1/chat/completions"),
        {**INPUT, "encoding_format": "float"}, MODEL, "max_tokens", False, (240, 240), "dot_product",
        (["model", "url", "dimensions", "similarity", "rate_limit"], ["model", "url", "rate_limit"]),
    ),
    Variant(
        "llama", M, ("/v1/inference/embeddings", "/v1/inference/embeddings"), ("/c", "/c"),
        {"model_id": "m", "contents": ["a", "bb"]}, MODEL, "max_tokens", False, (3000, 3000), "dot_product",
        (COMMON, ["model_id", "url", "rate_limit"]),
    ),
    Variant(
        "nvidia", M, ("/v1/embeddings", "/v1/embeddings"), ("/c", "/c"), {**INPUT, "input_type": "query"}, MODEL,
        "max_tokens", False, (3000, 3000), "dot_product", (COMMON, ["model_id", "url", "rate_limit"]),
    ),
    Variant(
        "openshift_ai", {}, ("/e", "/e"), ("/c", "/c"), {"input": ["a", "bb"]}, {}, "max_tokens", False, (3000, 3000),
        "dot_product", (COMMON[1:], ["url", "rate_limit"]),
    ),
    Variant(
        "hugging_face", {}, ("/embed", "/embed"), ("/c", "/c"), {"inputs": ["a", "bb"]}, {}, "max_tokens", True,
        (3000, 3000), "cosine", (["url", "similarity", "dimensions", "rate_limit"], ["url", "rate_limit"]),
    ),
]  # fmt: skip
BY_NAME = {variant.service: variant for variant in VARIANTS}
EVERY = pytest.mark.parametrize("variant", VARIANTS, ids=str)
EMBEDDING = pytest.mark.parametrize("variant", [variant for variant in VARIANTS if variant.embeddings], ids=str)
COMPLETING = pytest.mark.parametrize("variant", [v for v in VARIANTS if v.service != "groq"], ids=str)


def answer(asked: Asked) -> Reply:
    """What the providers answer, by what they are asked."""
    body = asked.json()
    if "messages" in body:
        return chat_answer(asked)
    if "contents" in body:
        return llama_embeddings(asked)
    return bare_embeddings(asked) if "inputs" in body else azure_embeddings(asked)


def put(client: Elasticsearch, provider: Provider, variant: Variant, task_type: str, **more: Any) -> dict[str, Any]:
    provider.always = answer
    path = variant.embeddings if task_type == "text_embedding" else variant.chat
    assert path is not None
    settings = {"api_key": " hunter2 ", "url": provider.url + path[0], **variant.given, **more.pop("settings", {})}
    config = {"service": variant.service, "service_settings": settings, **more}
    return dict(client.inference.put(task_type=task_type, inference_id="e", inference_config=config))


def check(asked: Asked, path: str, body: dict[str, Any]) -> None:
    assert (asked.method, asked.path) == ("POST", path)
    assert asked.json() == body
    assert asked.headers["authorization"] == "Bearer hunter2"
    assert asked.headers["content-type"] == "application/json"


@EMBEDDING
def test_embeddings(client: Elasticsearch, provider: Provider, variant: Variant) -> None:
    stored = put(client, provider, variant, "text_embedding")
    settings = stored["service_settings"]
    assert list(settings) == variant.shown[0]
    assert settings["similarity"] == variant.similarity
    assert settings["rate_limit"] == {"requests_per_minute": variant.rates[0]}
    found = client.inference.text_embedding(inference_id="e", input=["a", "bb"])
    assert found["text_embedding"] == [{"embedding": [1.0, 1.0, 0.5]}, {"embedding": [2.0, 1.0, 0.5]}]
    assert variant.embeddings is not None
    check(provider.asked[-1], variant.embeddings[1], variant.batch)


@COMPLETING
def test_completions(client: Elasticsearch, provider: Provider, variant: Variant) -> None:
    stored = put(client, provider, variant, "completion")
    assert list(stored["service_settings"]) == variant.shown[1]
    limit = variant.rates[1]
    assert stored["service_settings"].get("rate_limit") == (limit and {"requests_per_minute": limit})
    found = client.inference.completion(inference_id="e", input="one two")
    assert found.body == {"completion": [{"result": "one two"}]}
    check(provider.asked[-1], variant.chat[1], {"messages": QUESTION, **variant.named, "n": 1, "stream": False})


def streamed(variant: Variant) -> dict[str, Any]:
    counted = {"stream_options": {"include_usage": True}} if variant.counted else {}
    return {**variant.named, "n": 1, "stream": True, **counted}


@COMPLETING
def test_streamed_completions(client: Elasticsearch, provider: Provider, variant: Variant) -> None:
    put(client, provider, variant, "completion")
    assert whole(stream(client, "completion/e", {"input": "one two"}))
    check(provider.asked[-1], variant.chat[1], {"messages": QUESTION, **streamed(variant)})


@EVERY
def test_chats(client: Elasticsearch, provider: Provider, variant: Variant) -> None:
    stored = put(client, provider, variant, "chat_completion")
    assert list(stored["service_settings"]) == variant.shown[1]
    assert whole(stream(client, "chat_completion/e", {"messages": QUESTION, **LIMIT}))
    wanted = {"messages": QUESTION, variant.tokens: 7, "temperature": 0.5, **streamed(variant)}
    check(provider.asked[-1], variant.chat[1], wanted)
    assert whole(stream(client, "chat_completion/e", {"messages": QUESTION, "model": "other"}))
    assert provider.asked[-1].json()["model"] == "other"


@pytest.mark.parametrize("service", ["fireworksai", "openshift_ai"])
def test_dimensions_that_the_user_sets_are_sent(client: Elasticsearch, provider: Provider, service: str) -> None:
    variant = BY_NAME[service]
    put(client, provider, variant, "text_embedding", settings={"dimensions": 3})
    assert provider.asked[-1].json()["dimensions"] == 3


@pytest.mark.parametrize("service", ["mistral", "llama", "hugging_face"])
def test_dimensions_that_cannot_be_chosen_are_only_checked(
    client: Elasticsearch, provider: Provider, service: str
) -> None:
    variant = BY_NAME[service]
    put(client, provider, variant, "text_embedding", settings={"dimensions": 3})
    assert "dimensions" not in provider.asked[-1].json()
    client.inference.delete(inference_id="e")
    with pytest.raises(BadRequestError, match=r"embeddings size \[3\] does not match"):
        put(client, provider, variant, "text_embedding", settings={"dimensions": 4})


@EMBEDDING
def test_texts_are_cut_to_the_tokens_the_model_takes(
    client: Elasticsearch, provider: Provider, variant: Variant
) -> None:
    stored = put(client, provider, variant, "text_embedding", settings={"max_input_tokens": 1})
    assert stored["service_settings"]["max_input_tokens"] == 1
    client.inference.text_embedding(inference_id="e", input="abcdef")
    body = provider.asked[-1].json()
    assert [body[name] for name in ("input", "inputs", "contents") if name in body] == [["abc"]]


@pytest.mark.parametrize(
    ("service", "task_type", "setting"),
    [
        ("nvidia", "text_embedding", "dimensions"),
        ("hugging_face", "text_embedding", "model_id"),
        ("deepseek", "completion", "organization_id"),
        ("groq", "chat_completion", "dimensions"),
        ("mistral", "completion", "model_id"),
        ("llama", "chat_completion", "similarity"),
    ],
)
def test_settings_of_others_are_refused(
    client: Elasticsearch, provider: Provider, service: str, task_type: str, setting: str
) -> None:
    variant = BY_NAME[service]
    with pytest.raises(BadRequestError, match=rf"settings \[{{{setting}=1}}\] unknown to the \[{service}\] service"):
        put(client, provider, variant, task_type, settings={setting: 1})


@pytest.mark.parametrize(("service", "header"), [("groq", "groq-organization"), ("openai", "openai-organization")])
def test_organisation_user_and_headers(client: Elasticsearch, provider: Provider, service: str, header: str) -> None:
    provider.always = chat_answer
    settings = {"api_key": "k", "model_id": "m", "url": f"{provider.url}/c", "organization_id": "org-1"}
    config = {
        "service": service,
        "service_settings": settings,
        "task_settings": {"user": "u", "headers": {"x-trace": "7"}},
    }
    stored = client.inference.put(task_type="chat_completion", inference_id="e", inference_config=config)
    assert stored["task_settings"] == {"user": "u", "headers": {"x-trace": "7"}}
    assert whole(stream(client, "chat_completion/e", {"messages": QUESTION}))
    asked = provider.asked[-1]
    assert asked.json()["user"] == "u"
    assert (asked.headers["x-trace"], asked.headers[header]) == ("7", "org-1")


def test_fireworks_takes_dimensions_of_a_request(client: Elasticsearch, provider: Provider) -> None:
    variant = BY_NAME["fireworksai"]
    put(client, provider, variant, "text_embedding")
    client.inference.text_embedding(inference_id="e", input="a", task_settings={"dimensions": 2})
    assert provider.asked[-1].json() == {"input": ["a"], "model": "m", "dimensions": 2}


def test_mistral_gets_no_more_tokens_in_a_request_than_it_takes(client: Elasticsearch, provider: Provider) -> None:
    variant = BY_NAME["mistral"]
    put(client, provider, variant, "text_embedding")
    provider.asked.clear()
    client.inference.text_embedding(inference_id="e", input=["x" * 24_000] * 5)  # 8001 tokens each
    assert [len(asked.json()["input"]) for asked in provider.asked] == [2, 2, 1]


def test_deepseek_has_a_rate_limit_when_the_user_gives_one(client: Elasticsearch, provider: Provider) -> None:
    variant = BY_NAME["deepseek"]
    rate = {"rate_limit": {"requests_per_minute": 600}}
    assert put(client, provider, variant, "completion", settings=rate)["service_settings"]["rate_limit"] == {
        "requests_per_minute": 600
    }


def test_llama_needs_no_key(client: Elasticsearch, provider: Provider) -> None:
    provider.always = chat_answer
    config = {"service": "llama", "service_settings": {"model_id": "m", "url": f"{provider.url}/c"}}
    client.inference.put(task_type="completion", inference_id="e", inference_config=config)
    client.inference.completion(inference_id="e", input="a")
    assert "authorization" not in provider.asked[-1].headers


@pytest.mark.parametrize("path", ["/v1/openai/v1/embeddings", "/v1/embeddings"])
def test_newer_llama_stacks_are_asked_as_openai(client: Elasticsearch, provider: Provider, path: str) -> None:
    provider.always = openai_embeddings
    config = {"service": "llama", "service_settings": {"model_id": "m", "url": provider.url + path}}
    client.inference.put(task_type="text_embedding", inference_id="e", inference_config=config)
    client.inference.text_embedding(inference_id="e", input=["a", "bb"])
    assert (provider.asked[-1].path, provider.asked[-1].json()) == (path, INPUT)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": {"message": "no", "code": 4}}, "no"),
        ({"error": "no"}, "no"),
        ({"message": "no"}, "no"),
        ({"object": "error", "message": "no", "code": 404}, "no"),
        ({"detail": "no"}, "no"),
        ({"status": 400, "title": "Bad Request", "detail": "no"}, "no"),
        ({"object": "error", "message": {"detail": [{"loc": ["body", "n"], "msg": "too small"}]}}, "body.n: too small"),
    ],
)
def test_error_messages_of_all_forms_are_found(
    client: Elasticsearch, provider: Provider, body: Any, message: str
) -> None:
    variant = BY_NAME["mistral"]
    put(client, provider, variant, "text_embedding")
    provider.always = lambda asked: Reply(400, body)
    with pytest.raises(BadRequestError) as caught:
        client.inference.text_embedding(inference_id="e", input="a")
    assert caught.value.body["error"]["reason"] == (
        "Received a bad request status code for request from inference entity id [e] status [400]."
        f" Error message: [{message}]"
    )


@pytest.mark.parametrize(
    ("service", "task_type", "url"),
    [
        ("openai", "text_embedding", "https://api.openai.com/v1/embeddings"),
        ("openai", "completion", "https://api.openai.com/v1/chat/completions"),
        ("deepseek", "completion", "https://api.deepseek.com/chat/completions"),
        ("groq", "chat_completion", "https://api.groq.com/openai/v1/chat/completions"),
        ("ai21", "completion", "https://api.ai21.com/studio/v1/chat/completions"),
        ("fireworksai", "text_embedding", "https://api.fireworks.ai/inference/v1/embeddings"),
        ("fireworksai", "completion", "https://api.fireworks.ai/inference/v1/chat/completions"),
        ("mistral", "text_embedding", "https://api.mistral.ai/v1/embeddings"),
        ("mistral", "chat_completion", "https://api.mistral.ai/v1/chat/completions"),
        ("nvidia", "text_embedding", "https://integrate.api.nvidia.com/v1/embeddings"),
        ("nvidia", "rerank", "https://ai.api.nvidia.com/v1/retrieval/nvidia/reranking"),
        ("nvidia", "chat_completion", "https://integrate.api.nvidia.com/v1/chat/completions"),
    ],
)
def test_without_an_address_it_is_the_providers(service: str, task_type: str, url: str) -> None:
    made = SERVICES.get(service)()
    assert made.url(Endpoint("e", TaskType(task_type), service)) == url
