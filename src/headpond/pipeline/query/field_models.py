"""Which model filled which vector field of an index, held against the one that would embed a query now.

Vectors of two models cannot be compared, even where they have the same length: the search would run and rank at random.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch

from headpond.pipeline.index import METADATA
from headpond.pipeline.query.fingerprints import KEPT_SECONDS, LONGEST, Fingerprints
from headpond.pipeline.query.patience import within
from headpond.pipeline.query.vectors import dense, is_sparse, sparse
from headpond.stages.deadline import Deadline

OTHER_MODEL = "ingest into a new index (--index NAME), or search with the endpoint that made the vectors"


@dataclass(slots=True)
class Known:
    """What was looked up.

    Attributes:
        models: index -> field -> fingerprint.
        until: the clock when it is to be looked up again.
    """

    models: dict[str, dict[str, str]] = field(default_factory=dict)
    until: float = 0.0


class FieldModels:
    """Remembers for a while, so that not every search has to ask.

    Args:
        client: of the target.
        index: an index, alias or pattern.
        fingerprints: of the target's endpoints.
        known: what was looked up already.
    """

    def __init__(
        self, client: Elasticsearch, index: str, fingerprints: Fingerprints, *, known: Known | None = None
    ) -> None:
        self._client = client
        self._index = index
        self._fingerprints = fingerprints
        self._known = known or Known()

    def asked_by(self, client: Elasticsearch) -> FieldModels:
        """The same memory; what it lacks is asked for with this client, which may see less of the target."""
        if client is self._client:
            return self
        return FieldModels(client, self._index, self._fingerprints, known=self._known)

    def mismatch(self, body: Any, deadline: Deadline | None = None) -> str | None:
        """What is wrong with the vectors that a `_search` body or retriever would compare; None when nothing is known.

        Fields that headpond did not make, and targets that do not tell, are passed over.

        Args:
            body: of a search, or a retriever.
            deadline: of the whole search; half of what it leaves may be spent.
        """
        uses = list(_uses(body))
        if not uses:
            return None
        deadline = deadline or Deadline()
        if self._wrong(uses, deadline) is None:
            return None
        self._known.until = 0.0  # it may have been put right since
        self._fingerprints.forget()
        return self._wrong(uses, deadline)

    def _wrong(self, uses: list[tuple[str, str]], deadline: Deadline) -> str | None:
        for name, inference_id in uses:
            for index, models in self._models(deadline).items():
                if name in models and self._fingerprints.of(inference_id, deadline) not in (None, models[name]):
                    return (
                        f"field [{name}] of index [{index}] holds vectors of another model than endpoint "
                        f"[{inference_id}] has now; they cannot be compared"
                    )
        return None

    def _models(self, deadline: Deadline) -> dict[str, dict[str, str]]:
        """Index -> field -> fingerprint."""
        if time.monotonic() > self._known.until and not deadline.passed:
            known: dict[str, dict[str, str]] = {}
            with suppress(ApiError, TransportError):
                client = within(self._client, min(deadline.left / 2, LONGEST))
                path = f"*.mappings._meta.{METADATA}.models"
                found = client.indices.get_mapping(index=self._index, filter_path=path).body
                known = {name: one["mappings"]["_meta"][METADATA]["models"] for name, one in found.items()}
            self._known.models, self._known.until = known, time.monotonic() + KEPT_SECONDS
        return self._known.models


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
