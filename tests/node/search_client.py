"""A pond in memory with documents, for tests of the read side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from elasticsearch import Elasticsearch
from elasticsearch.helpers import bulk

from headpond import connect


@contextmanager
def pond() -> Iterator[Elasticsearch]:
    """A client on an empty pond."""
    client = connect("memory", max_retries=0)
    try:
        yield client
    finally:
        client.close()


def fill(
    client: Elasticsearch,
    properties: Mapping[str, Any],
    documents: Sequence[Mapping[str, Any]],
    *,
    index: str = "i",
    segments: int = 1,
) -> None:
    """Makes an index anew; ids are "0", "1", ... and every part of the documents becomes a segment of its own."""
    client.indices.delete(index=index, ignore_unavailable=True)
    client.indices.create(index=index, mappings={"properties": dict(properties)})
    size = max(-(-len(documents) // segments), 1)
    for start in range(0, len(documents), size):
        part = enumerate(documents[start : start + size], start)
        bulk(client, ({"_index": index, "_id": str(i), **document} for i, document in part), refresh=True)


def found(client: Elasticsearch, index: str = "i", **body: Any) -> dict[str, float]:
    """Scores by id, in the order of the hits."""
    answer = client.search(index=index, body={"size": 1000, "_source": False, **body})
    return {hit["_id"]: hit["_score"] for hit in answer["hits"]["hits"]}
