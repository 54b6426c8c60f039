"""A client that counts what inference costs, and can remember answers.

It stands between the official client and its transport, so that what a pipeline sends is counted as it is sent, and a
sweep over settings of a pipeline runs real searches without asking the same question twice.
"""

from __future__ import annotations

import copy
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from hashlib import blake2b
from typing import Any
from urllib.parse import unquote

import orjson
from elastic_transport import Transport, TransportApiResponse
from elasticsearch import Elasticsearch

from headpond.pipeline.budget import Budget, Spent
from headpond.pipeline.infer import TOKENS_HEADER
from headpond.pipeline.pace.tokens import estimate
from headpond.pipeline.spec import CacheSection, PipelineSpec, Price

# What is left of a deadline, and so another each time.
_TIMEOUT = re.compile(r"(?<=[?&])timeout=[^&]*")
_READS = ("_search", "_msearch", "_inference", "_mapping")


class Meter:
    """A client's calls, counted.

    Args:
        client: makes the calls; it stays as it is, and closing it is its owner's.
        prices: of endpoints, by id.

    Attributes:
        client: a client of the same class and options whose calls are counted.
        reranked: texts that rerank endpoints were sent.
        wanted: texts that they would have been sent without a memory.
        rerank_seconds: how long these calls took, added up.
    """

    def __init__(self, client: Elasticsearch, prices: Mapping[str, Price] | None = None) -> None:
        self._inner: Transport = client.transport
        self._budget = Budget(prices)
        self._lock = threading.Lock()
        self._answers: dict[bytes, TransportApiResponse] = {}
        self._scores: dict[bytes, float] = {}
        self._reranking: TransportApiResponse | None = None
        self._remembers = self._remembers_scores = False
        self.reranked = 0
        self.wanted = 0
        self.rerank_seconds = 0.0
        self.client = client.options()
        self.client._transport = self  # type: ignore[assignment]  # it does what is used of a transport here

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def spent(self) -> dict[str, Spent]:
        """What each endpoint was asked, by id."""
        return self._budget.spent()

    @property
    def cost(self) -> float | None:
        """What all of it costs; None where no endpoint has a price."""
        return self._budget.cost()

    @property
    def currency(self) -> str | None:
        """Of the cost."""
        return self._budget.currency

    def remember(self, *, scores: bool = True) -> None:
        """From now on the same request gets the same answer.

        Args:
            scores: whether a text is reranked once for a query, whatever texts it is sent with.
        """
        self._remembers, self._remembers_scores = True, scores

    def forget(self) -> None:
        """Gives up the answers that are remembered; scores of rerank endpoints stay, they are small."""
        with self._lock:
            self._answers.clear()

    def perform_request(self, method: str, target: str, *, body: Any = None, **options: Any) -> TransportApiResponse:
        """A call of the client, answered from memory or by the target."""
        parts = target.partition("?")[0].strip("/").split("/")
        if not self._remembers or not any(part in _READS for part in parts):
            return self._send(method, target, parts, body, options)
        if parts[:2] == ["_inference", "rerank"] and isinstance(body, dict) and isinstance(body.get("input"), list):
            with self._lock:
                self.wanted += len(body["input"])
            if self._remembers_scores:
                return self._rerank(method, target, parts, body, options)
        key = _digest(method, _TIMEOUT.sub("", target), body)
        with self._lock:
            known = self._answers.get(key)
        if known is None:
            known = self._send(method, target, parts, body, options)
            if known.meta.status == 200:
                with self._lock:
                    self._answers[key] = known
        # Whoever gets the answer may change it.
        return known._replace(body=copy.deepcopy(known.body))

    def _rerank(
        self, method: str, target: str, parts: list[str], body: dict[str, Any], options: Mapping[str, Any]
    ) -> TransportApiResponse:
        """Sends the texts that were not scored yet, and answers for all of them."""
        rest = {name: value for name, value in body.items() if name not in ("input", "top_n")}
        texts: list[Any] = body["input"]
        keys = [_digest(parts[-1], rest, text) for text in texts]
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._scores}
        if new or self._reranking is None:
            asked = new or {keys[0]: texts[0]}
            response = self._send(method, target, parts, {**body, "input": list(asked.values())}, options)
            items = response.body.get("rerank") if isinstance(response.body, dict) else None
            if response.meta.status != 200 or not isinstance(items, list):
                return response
            order = list(asked)
            with self._lock:
                self._scores |= {order[int(item["index"])]: float(item["relevance_score"]) for item in items}
                self._reranking = response
        known = self._reranking
        scored = [
            {"index": at, "relevance_score": self._scores[key]} for at, key in enumerate(keys) if key in self._scores
        ]
        return known._replace(body={"rerank": sorted(scored, key=lambda item: -float(item["relevance_score"]))})

    def _send(
        self, method: str, target: str, parts: list[str], body: Any, options: Mapping[str, Any]
    ) -> TransportApiResponse:
        if method != "POST" or parts[0] != "_inference" or not isinstance(body, dict):
            return self._inner.perform_request(method, target, body=body, **options)
        texts = body.get("input")
        texts = [texts] if isinstance(texts, str) else list(texts or [])
        guessed = sum(estimate(str(text)) for text in texts) + len(texts) * _tokens(body.get("query"))
        # A stream's path goes on behind the id.
        id = unquote(parts[2] if len(parts) > 2 else parts[-1])
        self._budget.charge(id, guessed, 1)
        started = time.monotonic()
        response = self._inner.perform_request(method, target, body=body, **options)
        if parts[1] == "rerank":
            with self._lock:
                self.reranked += len(texts)
                self.rerank_seconds += time.monotonic() - started
        said = response.meta.headers.get(TOKENS_HEADER)
        if said is not None and said.isdecimal():
            self._budget.correct(id, guessed, int(said))
        return response


def uncached(spec: PipelineSpec) -> PipelineSpec:
    """The pipeline without its own memory: times are those of questions that were not asked before."""
    none = CacheSection(query_embeddings=0, rerank_scores=0, ttl=spec.file.cache.ttl)
    return replace(spec, file=spec.file.model_copy(update={"cache": none}))


def _tokens(query: Any) -> int:
    return estimate(query) if isinstance(query, str) and query else 0


def _digest(*parts: Any) -> bytes:
    data = orjson.dumps(parts, option=orjson.OPT_SORT_KEYS | orjson.OPT_SERIALIZE_NUMPY, default=str)
    return blake2b(data, digest_size=16).digest()
