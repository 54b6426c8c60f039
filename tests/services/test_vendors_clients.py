"""What goes to the vendors is what their own clients send, and their clients read what the stand-ins answer."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import groq
import openai
import pytest
from elasticsearch import Elasticsearch
from mistralai.client import Mistral

from tests.services.case import SECRET, Case, cases
from tests.services.provider import Asked, Provider
from tests.services.streams import stream, whole

CHAT = {
    "messages": [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "how warm is it in Rome"},
        {
            "role": "assistant",
            "tool_calls": [{"id": "call-1", "type": "function", "function": {"name": "warmth", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "call-1", "content": "20 degrees"},
        {"role": "user", "content": "and tomorrow"},
    ],
    "max_completion_tokens": 50,
    "stop": ["\n"],
    "temperature": 0.5,
    "top_p": 0.9,
    "tools": [
        {"type": "function", "function": {"name": "warmth", "description": "d", "parameters": {"type": "object"}}}
    ],
    "tool_choice": "auto",
}

BASES = {
    "openai": "/v1",
    "deepseek": "",
    "ai21": "/studio/v1",
    "fireworksai": "/inference/v1",
    "llama": "/v1/openai/v1",
    "nvidia": "/v1",
    "openshift_ai": "/v1",
    "hugging_face": "/v1",
}
"""What OpenAI's client is told to be the base of a service's addresses."""

OTHERS = ("azureopenai", "groq", "mistral")
CALLED = ("text_embedding", "completion", "chat_completion")
EVERY = pytest.mark.parametrize(
    "case",
    [
        case
        for case in cases(*CALLED)
        if case.service in (*BASES, *OTHERS) and {"OpenAI's SDK", "vendor's SDK"} & set(case.checked)
    ],
    ids=str,
)


@pytest.fixture
def vendors(provider: Provider) -> Iterator[Callable[[str], Any]]:
    """The client of a service's vendor, or OpenAI's, in front of the provider."""
    with ExitStack() as stack:

        def made(service: str) -> Any:
            if service == "mistral":
                return stack.enter_context(Mistral(api_key=SECRET, server_url=provider.url))
            if service == "groq":
                return stack.enter_context(groq.Groq(api_key=SECRET, base_url=provider.url, max_retries=0))
            if service == "azureopenai":
                azure = openai.AzureOpenAI(
                    api_key=SECRET, api_version="2024-10-21", azure_endpoint=provider.url, azure_deployment="d"
                )
                return stack.enter_context(azure)
            base = provider.url + BASES[service]
            return stack.enter_context(openai.OpenAI(api_key=SECRET, base_url=base, max_retries=0))

        yield made


def ours(client: Elasticsearch, provider: Provider, case: Case) -> Asked:
    """The request that the provider gets for an endpoint of the case, streamed where it can be."""
    provider.always = case.answer
    client.inference.put(inference_id="e", task_type=case.task_type, inference_config=case.config(provider.url))
    if case.task_type == "text_embedding":
        client.inference.text_embedding(inference_id="e", input=["a", "bcd"])
        return provider.asked[-1]
    body = CHAT if case.task_type == "chat_completion" else {"input": "one two three"}
    assert whole(stream(client, f"{case.task_type}/e", body))
    return provider.asked[-1]


def embedded(vendor: Any, body: dict[str, Any]) -> list[list[float]]:
    """The vectors that the vendor's client gets when it is told to send this."""
    if isinstance(vendor, Mistral):
        body = {**body, "inputs": body["input"]}
        del body["input"]
        return [list(item.embedding or []) for item in vendor.embeddings.create(**body).data]
    known = {name: value for name, value in body.items() if name in ("input", "model", "dimensions")}
    more = {name: value for name, value in body.items() if name not in known}
    answer = vendor.embeddings.create(**{"model": "d", **known}, encoding_format="float", extra_body=more)
    return [item.embedding for item in answer.data]


def spoken(vendor: Any, body: dict[str, Any]) -> str:
    """The words that the vendor's client gets when it is told to send this."""
    if isinstance(vendor, Mistral):
        with vendor.chat.stream(**body) as events:
            chunks = [event.data for event in events]
    else:
        # Groq's API takes `stream_options`, and its client has no parameter for them.
        more = {"stream_options": body.pop("stream_options")} if isinstance(vendor, groq.Groq) else {}
        with vendor.chat.completions.create(**{"model": "d", **body}, extra_body=more) as stream:
            chunks = list(stream)
    return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)


def holds(theirs: Any, ours: Any) -> bool:
    """Whether everything of ours is in theirs; clients may add members."""
    if isinstance(ours, dict):
        return isinstance(theirs, dict) and all(holds(theirs.get(name), value) for name, value in ours.items())
    if isinstance(ours, list):
        return isinstance(theirs, list) and len(theirs) == len(ours) and all(map(holds, theirs, ours))
    return bool(theirs == ours)


@EVERY
def test_the_vendors_client_sends_the_same_and_reads_the_answer(
    client: Elasticsearch, provider: Provider, vendors: Callable[[str], Any], case: Case
) -> None:
    asked = ours(client, provider, case)
    vendor = vendors(case.service)
    if case.task_type == "text_embedding":
        assert embedded(vendor, asked.json()) == [[1.0, 1.0, 0.5], [3.0, 1.0, 0.5]]
    else:
        assert spoken(vendor, asked.json()) == (
            "and tomorrow" if case.task_type == "chat_completion" else "one two three"
        )
    theirs = provider.asked[-1]
    assert asked is not theirs
    assert (theirs.method, theirs.path) == (asked.method, asked.path)
    assert case.authorized(theirs)
    assert holds(theirs.json(), asked.json())
