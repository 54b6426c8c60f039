from __future__ import annotations

import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from tests.services.clock import Clock
from tests.services.provider import Asked, Provider, Reply

if TYPE_CHECKING:
    from tests.services.stand import Stand


@pytest.fixture(autouse=True)
def no_waiting_for_a_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests above a provider's default rate go out at once; `test_retry` checks the rate by a clock of its own."""
    clock = SimpleNamespace(monotonic=time.monotonic, sleep=lambda seconds: None)
    monkeypatch.setattr("headpond.services._http.rate_limit.time", clock)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Waits between attempts take no time."""
    return Clock(monkeypatch)


@pytest.fixture(scope="module")
def stand(request: pytest.FixtureRequest) -> Iterator[Stand]:
    """An endpoint that all tests of its case share."""
    # The cases of all services come with it, which not everybody who imports this file wants.
    from tests.services.stand import standing

    with standing(request.param) as stand:
        yield stand


@pytest.fixture
def openai(provider: Provider) -> Provider:
    """Answers embeddings as OpenAI does: [length of the text, 1, 0.5]."""
    provider.always = openai_embeddings
    return provider


@pytest.fixture
def cohere(provider: Provider) -> Provider:
    """Answers embeddings and rerank as Cohere's API version 2 does."""
    provider.always = cohere_answer
    return provider


def openai_embeddings(asked: Asked) -> Reply:
    texts = asked.json()["input"]
    data = [
        {"object": "embedding", "index": index, "embedding": [float(len(text)), 1.0, 0.5]}
        for index, text in enumerate(texts)
    ]
    usage = {"prompt_tokens": 2 * len(texts), "total_tokens": 2 * len(texts)}
    return Reply(body={"object": "list", "data": data, "model": asked.json()["model"], "usage": usage})


def cohere_answer(asked: Asked) -> Reply:
    body = asked.json()
    meta: dict[str, Any] = {"api_version": {"version": "2"}, "billed_units": {"input_tokens": 3}}
    if asked.path.endswith("/rerank"):
        order = sorted(range(len(body["documents"])), key=lambda index: -len(body["documents"][index]))
        results = [{"index": index, "relevance_score": 0.5 ** (place + 1)} for place, index in enumerate(order)]
        return Reply(body={"id": "1", "results": results[: body.get("top_n")], "meta": meta})
    kind = body["embedding_types"][0]
    rows = [[float(len(text)), 1.0, 0.5] if kind == "float" else [len(text), -1] for text in body["texts"]]
    return Reply(body={"id": "1", "embeddings": {kind: rows}, "texts": body["texts"], "meta": meta})
