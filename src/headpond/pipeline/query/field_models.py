"""Which model filled which vector field of an index, held against the one that would embed a query now.

Vectors of two models cannot be compared, even where they have the same length: the search would run and rank at random.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch

from headpond.errors import HeadpondError
from headpond.pipeline import endpoints
from headpond.pipeline.index import METADATA
from headpond.pipeline.query.vectors import dense, is_sparse, sparse

OTHER_MODEL = "ingest into a new index (--index NAME), or search with the endpoint that made the vectors"

KEPT_SECONDS = 60.0
"""How long what was looked up is believed."""


class _Memory:
    """What was looked up, until it is not believed any more."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self.until = time.monotonic() + KEPT_SECONDS
        self.known: dict[str, dict[str, str]] | None = None
        self.fingerprints: dict[str, str | None] = {}


class FieldModels:
    """Remembers for a while, so that not every search has to ask.

    Args:
        client: of the target.
        index: an index, alias or pattern.
        memory: shared with others of the same index; None begins one.
    """

    def __init__(self, client: Elasticsearch, index: str, memory: _Memory | None = None) -> None:
        self._client = client
        self._index = index
        self._memory = memory or _Memory()

    def asked_by(self, client: Elasticsearch) -> FieldModels:
        """The same for another client, which looks up what is not known yet."""
        return FieldModels(client, self._index, self._memory)

    def mismatch(self, body: Any) -> str | None:
        """What is wrong with the vectors that a `_search` body or retriever would compare; None when nothing is known.

        Fields that headpond did not make, and targets that do not tell, are passed over.
        """
        uses = list(_uses(body))
        if not uses:
            return None
        if time.monotonic() > self._memory.until:
            self._memory.forget()
        if self._wrong(uses) is None:
            return None
        self._memory.forget()  # it may have been put right since
        return self._wrong(uses)

    def _wrong(self, uses: list[tuple[str, str]]) -> str | None:
        for field, inference_id in uses:
            for index, models in self._models().items():
                if field in models and self._fingerprint(inference_id) not in (None, models[field]):
                    return (
                        f"field [{field}] of index [{index}] holds vectors of another model than endpoint "
                        f"[{inference_id}] has now; they cannot be compared"
                    )
        return None

    def _models(self) -> dict[str, dict[str, str]]:
        """Index -> field -> fingerprint."""
        known = self._memory.known  # another search may forget it meanwhile
        if known is None:
            known = {}
            with suppress(ApiError, TransportError):
                path = f"*.mappings._meta.{METADATA}.models"
                found = self._client.indices.get_mapping(index=self._index, filter_path=path).body
                known = {name: one["mappings"]["_meta"][METADATA]["models"] for name, one in found.items()}
            self._memory.known = known
        return known

    def _fingerprint(self, inference_id: str) -> str | None:
        fingerprints = self._memory.fingerprints
        if inference_id not in fingerprints:
            fingerprint = None
            with suppress(HeadpondError):
                endpoint = endpoints.get(self._client, inference_id)
                fingerprint = endpoint.fingerprint if endpoint else None
            fingerprints[inference_id] = fingerprint
        return fingerprints[inference_id]


def _uses(node: Any) -> Iterator[tuple[str, str]]:
    """Every field that is compared with a text, and the endpoint that embeds it."""
    if isinstance(node, list):
        for item in node:
            yield from _uses(item)
    elif isinstance(node, dict):
        if "query_vector_builder" in node and isinstance(node.get("field"), str):
            yield node["field"], dense(node["query_vector_builder"]).inference_id
        for key, value in node.items():
            if key == "sparse_vector" and is_sparse(value) and isinstance(value.get("field"), str):
                yield value["field"], sparse(value).inference_id
            yield from _uses(value)
