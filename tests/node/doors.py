"""Two ways to a pond: calls in process, and HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import httpx
import orjson

from headpond.node import Node
from headpond.node.http import Request
from headpond.node.serve import serving

DOORS = ("in process", "over HTTP")
JSON = "application/json"


@dataclass(frozen=True)
class Answer:
    """What came back; header names in lower case."""

    status: int
    headers: dict[str, str]
    text: str

    def json(self) -> Any:
        """The body, parsed."""
        return orjson.loads(self.text)

    def event(self) -> Any:
        """The one event of a refused stream, parsed."""
        name, data = self.text.removeprefix("\ufeff").strip().split("\n")
        assert name == "event: error", self.text
        return orjson.loads(data.removeprefix("data: "))


Ask = Callable[..., Answer]
"""`ask(method, target, body, content_type)`; a body that is no bytes is sent as JSON."""


@contextmanager
def through(door: str, node: Node) -> Iterator[Ask]:
    """Calls of a node through a door."""
    if door == "in process":
        yield lambda *request: _in_process(node, *request)
        return
    with serving(node) as url, httpx.Client(base_url=url, timeout=60) as http:
        yield lambda *request: _over_http(http, *request)


def _in_process(node: Node, method: str, target: str, body: Any = b"", content_type: str | None = JSON) -> Answer:
    path, _, query = target.partition("?")
    parameters = dict(parse_qsl(query, keep_blank_values=True))
    headers = {"content-type": content_type} if content_type else {}
    found = node.handle(Request(method, path, parameters, headers, _bytes(body)))
    return Answer(found.status, found.headers, found.read().decode())


def _over_http(
    http: httpx.Client, method: str, target: str, body: Any = b"", content_type: str | None = JSON
) -> Answer:
    headers = {"content-type": content_type} if content_type else {}
    found = http.request(method, target, content=_bytes(body), headers=headers)
    return Answer(found.status_code, dict(found.headers), found.text)


def _bytes(body: Any) -> bytes:
    return body if isinstance(body, bytes) else orjson.dumps(body)
