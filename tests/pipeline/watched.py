"""A pond whose inference calls are seen, and can be held back or answered otherwise."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import orjson
from elastic_transport import ApiResponseMeta, HttpHeaders, NodeConfig
from elastic_transport._node import NodeApiResponse
from elasticsearch import Elasticsearch

from headpond.node import Node
from headpond.node.transport import PondNode
from headpond.serializer import SERIALIZERS

Answer = tuple[int, bytes, dict[str, str]]


class Watch:
    """What is seen of the calls of `_inference`, and what is done to them.

    Attributes:
        asked: endpoint and body of each `POST`, in order.
        answers: by endpoint, what it answers instead; called with the body.
        gate: calls wait for it; open at first.
        inside: released once for each call that has come as far as the gate.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.answers: dict[str, Callable[[dict[str, Any]], Answer]] = {}
        self.gate = threading.Event()
        self.gate.set()
        self.inside = threading.Semaphore(0)
        self._lock = threading.Lock()

    def of(self, inference_id: str) -> list[dict[str, Any]]:
        """The bodies that an endpoint was sent."""
        with self._lock:
            return [body for name, body in self.asked if name == inference_id]

    def seen(self, inference_id: str, body: dict[str, Any]) -> Answer | None:
        with self._lock:
            self.asked.append((inference_id, body))
        self.inside.release()
        self.gate.wait()
        answer = self.answers.get(inference_id)
        return answer(body) if answer else None


class WatchedNode(PondNode):
    """Subclass it with `pond` and `watch` set."""

    watch: Watch

    def perform_request(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        headers: HttpHeaders | None = None,
        request_timeout: Any = None,
    ) -> NodeApiResponse:
        path = target.partition("?")[0]
        if method == "POST" and path.startswith("/_inference/"):
            found = self.watch.seen(path.rpartition("/")[2], orjson.loads(body or b"{}"))
            if found is not None:
                status, content, more = found
                known = {
                    "x-elastic-product": "Elasticsearch",
                    "content-type": "application/vnd.elasticsearch+json; compatible-with=9",
                }
                meta = ApiResponseMeta(status, "1.1", HttpHeaders(known | more), 0.0, self.config)
                return NodeApiResponse(meta, content)
        return super().perform_request(method, target, body, headers)


def watched(pond: Node, watch: Watch) -> Elasticsearch:
    """A client of a pond whose inference is watched."""
    node = type("Watched", (WatchedNode,), {"pond": pond, "watch": watch})
    return Elasticsearch([NodeConfig("http", "pond", 9200)], node_class=node, serializers=SERIALIZERS)


def scores(*given: Any) -> Callable[[dict[str, Any]], Answer]:
    """Answers a rerank with these scores, in the order of the request."""
    ranked = [{"index": index, "relevance_score": score} for index, score in enumerate(given)]
    return lambda body: (200, orjson.dumps({"rerank": ranked}), {})


def refused(status: int, **headers: str) -> Callable[[dict[str, Any]], Answer]:
    """Answers with an error."""
    error = {"error": {"type": "status_exception", "reason": f"no, says {status}"}, "status": status}
    return lambda body: (status, orjson.dumps(error), headers)
