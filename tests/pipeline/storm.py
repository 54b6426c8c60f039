"""A pond behind a connection on which everything goes wrong that can, by a seed, but nothing for ever."""

from __future__ import annotations

import random
import threading
from collections import Counter
from typing import Any

import orjson
from elastic_transport import (
    ApiResponseMeta,
    BaseNode,
    ConnectionError,
    ConnectionTimeout,
    HttpHeaders,
    NodeConfig,
)
from elastic_transport._node import NodeApiResponse
from elasticsearch import Elasticsearch

from headpond.node import Node
from headpond.node.transport import PondNode
from headpond.serializer import SERIALIZERS

STORMY = ("_bulk", "_inference", "_mget", "_search")
BEFORE = ("429", "429 with Retry-After", "500", "503", "400 that is a throttle", "reset before")
AFTER = ("reset after", "read timeout after", "truncated")
CALMER_AFTER = 4
"""Tries of the same request or the same document, after which it is left alone."""

REJECTED = {"type": "es_rejected_execution_exception", "reason": "rejected execution of coordinating operation"}
BUSY = {"type": "status_exception", "reason": "Received a server busy error status code for request status [503]"}
THROTTLE = {"type": "status_exception", "reason": 'Error from remote service: {"message":null}'}
UNKNOWN = {"type": "exception", "reason": "a fault of the server"}
ANSWERS: dict[str, tuple[int, dict[str, Any], dict[str, str]]] = {
    "429": (429, REJECTED, {}),
    "429 with Retry-After": (429, REJECTED, {"retry-after": "0.02"}),
    "500": (500, UNKNOWN, {}),
    "503": (503, UNKNOWN, {}),
    "400 that is a throttle": (400, BUSY, {}),
}


class Storm:
    """Decides what happens to whom; the same request or document meets the same faults under the same seed."""

    def __init__(self, seed: int) -> None:
        self.met: Counter[str] = Counter()
        self._seed = seed
        self._tries: Counter[bytes] = Counter()
        self._lock = threading.Lock()

    def of_request(self, target: str, body: bytes) -> str | None:
        return self._decide(b"request " + target.encode() + body, (*BEFORE, *AFTER, *BEFORE, None, None))

    def of_item(self, id: str) -> str | None:
        return self._decide(b"item " + id.encode(), ("item 429", "item throttled as 400", *[None] * 6))

    def _decide(self, key: bytes, choices: tuple[str | None, ...]) -> str | None:
        with self._lock:
            self._tries[key] += 1
            tried = self._tries[key]
            if tried > CALMER_AFTER:
                return None
            chosen = random.Random(f"{self._seed} {tried} {key!r}").choice(choices)
            if chosen is not None:
                self.met[chosen] += 1
            return chosen


class StormyNode(BaseNode):
    """Subclass it with `pond` and `storm` set."""

    pond: Node
    storm: Storm

    def perform_request(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        headers: HttpHeaders | None = None,
        request_timeout: Any = None,
    ) -> NodeApiResponse:
        fault = None
        if method == "POST" and any(part in target for part in STORMY):
            fault = self.storm.of_request(target, body or b"")
        if fault == "reset before":
            raise ConnectionError("Connection reset by peer")
        if fault in ANSWERS:
            status, error, more = ANSWERS[fault]
            return self._answer(status, orjson.dumps({"error": error, "status": status}), more)
        answer = (
            self._bulk(target, body or b"", headers)
            if "_bulk" in target
            else self._plain(method, target, body, headers)
        )
        if fault == "reset after":
            raise ConnectionError("Connection reset by peer")
        if fault == "read timeout after":
            raise ConnectionTimeout("Connection timed out")
        if fault == "truncated":
            return NodeApiResponse(answer.meta, answer.body[: len(answer.body) // 2])
        return answer

    def _plain(self, method: str, target: str, body: bytes | None, headers: HttpHeaders | None) -> NodeApiResponse:
        return PondNode.perform_request(self, method, target, body, headers)  # type: ignore[arg-type]

    def _bulk(self, target: str, body: bytes, headers: HttpHeaders | None) -> NodeApiResponse:
        """Hands on only the documents that nothing happens to."""
        lines = body.splitlines(keepends=True)
        faults = [self.storm.of_item(orjson.loads(action)["index"]["_id"]) for action in lines[::2]]
        calm = [line for place, line in enumerate(lines) if faults[place // 2] is None]
        items = iter([])
        if calm:
            answer = self._plain("POST", target, b"".join(calm), headers)
            if answer.meta.status != 200:
                return answer
            items = iter(orjson.loads(answer.body)["items"])
        bad = {
            "item 429": {"status": 429, "error": REJECTED},
            "item throttled as 400": {"status": 400, "error": THROTTLE},
        }
        all_items = [next(items) if fault is None else {"index": bad[fault]} for fault in faults]
        return self._answer(200, orjson.dumps({"items": all_items}), {})

    def _answer(self, status: int, body: bytes, more: dict[str, str]) -> NodeApiResponse:
        known = {
            "x-elastic-product": "Elasticsearch",
            "content-type": "application/vnd.elasticsearch+json; compatible-with=9",
        }
        return NodeApiResponse(ApiResponseMeta(status, "1.1", HttpHeaders(known | more), 0.0, self.config), body)

    def close(self) -> None:
        pass


def stormy(pond: Node, storm: Storm) -> Elasticsearch:
    """A client of a pond, through a storm."""
    node = type("Stormy", (StormyNode,), {"pond": pond, "storm": storm})
    return Elasticsearch([NodeConfig("http", "pond", 9200)], node_class=node, serializers=SERIALIZERS)
