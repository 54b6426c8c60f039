"""One endpoint in front of one provider on this machine, asked over and over while the provider misbehaves."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from elasticsearch import ApiError, Elasticsearch

from headpond import connect
from tests.services.case import Case, all_cases, streaming
from tests.services.provider import Asked, Provider, Reply
from tests.services.streams import stream, user

SAID = "one two three"
"""What completions are asked, and what they answer."""


@dataclass(frozen=True)
class Way:
    """A case, and whether its endpoint is asked for everything at once or piece by piece."""

    case: Case
    streamed: bool

    def __str__(self) -> str:
        return f"{self.case}-streamed" if self.streamed else str(self.case)


WHOLE = [Way(case, False) for case in all_cases() if case.task_type != "chat_completion"]
PIECEWISE = [Way(case, True) for case in streaming()]


@dataclass(frozen=True)
class Refusal:
    """An error answer, whichever shape it has.

    Attributes:
        status: of HTTP; for a stream that failed on its way 200.
        type: of the error.
        reason: of the error.
        headers: of the answer.
        text: the whole body.
        pieces: what came before, of a stream.
    """

    status: int
    type: str
    reason: str
    headers: Any
    text: str
    pieces: str = ""


class Stand:
    """An endpoint `e` that was made while its provider was well.

    Attributes:
        way: the case, and how it is asked.
        client: the official client in front of the pond.
        provider: the server.
        config: what it was made of.
        texts: what it is asked.
        wanted: the answer to a good request.
        good: the last request that the provider's model got for it.
    """

    def __init__(self, way: Way, client: Elasticsearch, provider: Provider) -> None:
        self.way = way
        self.client = client
        self.provider = provider
        self.texts = some_texts(way.case)
        provider.always = way.case.answer
        self.config = way.case.config(provider.url)
        self.config["service_settings"].setdefault("rate_limit", {"requests_per_minute": 1_000_000})
        client.inference.put(inference_id="e", task_type=way.case.task_type, inference_config=self.config)
        self.wanted = self.ask()
        self.good = self.asked[-1]
        provider.asked.clear()

    @property
    def asked(self) -> list[Asked]:
        """The requests to the provider's model."""
        return [asked for asked in self.provider.asked if not self.way.case.fetches(asked)]

    def answers(self, *first: Reply, then: Callable[[Asked], Reply] | None = None, tokens: Reply | None = None) -> None:
        """Lets the provider's model answer so from now on.

        Args:
            first: one after the other.
            then: after these; as it does when it is well, unless given.
            tokens: the answer to all that fetches credentials, instead of these.
        """
        queue, case = list(first), self.way.case
        after = then or case.answer

        def answer(asked: Asked) -> Reply:
            if case.fetches(asked):
                return tokens or case.answer(asked)
            return queue.pop(0) if queue else after(asked)

        self.provider.always = answer
        self.provider.asked.clear()

    def error(self, status: int, message: str = "because", headers: dict[str, str] | None = None) -> Reply:
        """The provider's own error."""
        return Reply(status, self.way.case.error(message), headers or {})

    def ask(self, texts: Sequence[str] | None = None, timeout: str = "60s") -> Any:
        """A good request: the answer, of a stream its whole text.

        Args:
            texts: what is embedded or ranked; a few when not given.
            timeout: of the request.
        """
        case = self.way.case
        if self.way.streamed:
            body = {"input": SAID} if case.task_type == "completion" else {"messages": [user(SAID)]}
            found = stream(self.client, f"{case.task_type}/e", body, timeout=timeout)
            return said(found) if "event: error" not in found else found
        extra: dict[str, Any] = {"query": "q"} if case.task_type == "rerank" else {}
        given = SAID if case.task_type == "completion" else list(texts or self.texts)
        return self.client.inference.inference(
            task_type=case.task_type, inference_id="e", input=given, timeout=timeout, **extra
        ).body

    def outcome(self, texts: Sequence[str] | None = None, timeout: str = "60s") -> Any:
        """What comes of a good request: the answer, or a refusal in Elasticsearch's shape."""
        try:
            answer = self.ask(texts, timeout)
        except ApiError as error:
            return self._refusal(error.body, error.meta.status, error.meta.headers)
        failed = self.way.streamed and "event: error" in answer
        return self._refusal(answer, 200, {}) if failed else answer

    def refused(self, texts: Sequence[str] | None = None, timeout: str = "60s") -> Refusal:
        """A good request that must be refused."""
        found = self.outcome(texts, timeout)
        assert isinstance(found, Refusal), found
        return found

    def _refusal(self, body: Any, status: int, headers: Any) -> Refusal:
        text = body if isinstance(body, str) else json.dumps(body)
        pieces = ""
        if self.way.streamed:
            assert isinstance(body, str), body
            *before, (name, data) = events(body)
            assert name == "error", body
            assert all(kind == "message" and content != "[DONE]" for kind, content in before), body
            pieces, body = "".join(spoken(json.loads(content)) for _, content in before), json.loads(data)
        if self.way.case.task_type == "chat_completion":
            error = body["error"]
            assert set(body) == {"error"}
            assert {"code", "message", "type"} <= set(error) <= {"code", "message", "type", "param"}
            return Refusal(status, error["type"], error["message"], headers, text, pieces)
        error = body["error"]
        assert set(body) == {"error", "status"}
        assert body["status"] == status or (self.way.streamed and status == 200)
        assert {"root_cause", "type", "reason"} <= set(error)
        assert error["root_cause"][0]["reason"]
        return Refusal(status, error["type"], error["reason"], headers, text, pieces)


@contextmanager
def standing(way: Way, provider: Provider | None = None) -> Iterator[Stand]:
    """A stand with a pond of its own, and a server of its own unless one is given."""
    provider = provider or Provider()
    client = connect("memory", retry_on_timeout=False, max_retries=0)
    try:
        yield Stand(way, client, provider)
    finally:
        provider.close()
        client.close()


def some_texts(case: Case) -> list[str]:
    """Five texts of different lengths, or as many as one request takes, so that one request is enough."""
    return ["a", "bcd", "ef", "ghij", "klmno"][: case.max_inputs]


def events(text: str) -> list[tuple[str, str]]:
    """Names and data of server-sent events, each of which stands behind a byte order mark."""
    found = []
    for block in filter(None, text.split("\n\n")):
        name, data = block.split("\n", 1)
        assert name.startswith("\ufeffevent: "), block
        found.append((name.removeprefix("\ufeffevent: "), data.removeprefix("data: ")))
    return found


def said(text: str) -> str:
    """The words of a stream that came to its end."""
    *pieces, last = events(text)
    assert last == ("message", "[DONE]"), text
    return "".join(spoken(json.loads(data)) for _, data in pieces)


def spoken(piece: Any) -> str:
    """The words in one event."""
    if "completion" in piece:
        return "".join(item["delta"] for item in piece["completion"])
    return "".join(choice["delta"].get("content", "") for choice in piece["choices"])
