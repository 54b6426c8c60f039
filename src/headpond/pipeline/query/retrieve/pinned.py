"""`pinned`: certain documents first, in a given order, whatever they score.

The scores are those of Elasticsearch's pinned query (`PinnedQueryBuilder`): the highest exponent of a 32-bit float is
kept for pinned documents. With n of them the first has the float of bits `0x7f000001 + n`, each further one the next
lower; other hits score at most `0x7f000000` (2^127).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from headpond.pipeline.query.retrieve.legs import Key, Pairs
from headpond.pipeline.query.retrieve.options import PinnedDocument
from headpond.stages.response.base import as_json

_MOST_ORGANIC = 0x7F000000
_INDICES = 10
"""Indices that may hold a document of the same id each."""


def pinned_scores(number: int) -> list[float]:
    """The scores of pinned documents, best first."""
    bits = np.arange(_MOST_ORGANIC + 1 + number, _MOST_ORGANIC + 1, -1, dtype=np.uint32)
    return [as_json(score) for score in bits.view(np.float32)]


def matching(documents: Sequence[PinnedDocument]) -> dict[str, Any]:
    """The query that these documents match."""
    anywhere = [document.id for document in documents if document.index is None]
    clauses: list[dict[str, Any]] = [{"ids": {"values": anywhere}}] if anywhere else []
    for index in dict.fromkeys(document.index for document in documents if document.index is not None):
        ids = [document.id for document in documents if document.index == index]
        clauses.append({"bool": {"filter": [{"term": {"_index": index}}, {"ids": {"values": ids}}]}})
    return clauses[0] if len(clauses) == 1 else {"bool": {"should": clauses}}


def ask_for(documents: Sequence[PinnedDocument], shared: Mapping[str, Any]) -> dict[str, Any]:
    """The search that fetches the documents; no filter of the retriever holds for them, as in Elasticsearch."""
    shown = {key: value for key, value in shared.items() if key not in ("explain", "track_total_hits")}
    size = _INDICES * len(documents)
    return {**shown, "query": matching(documents), "size": size, "seq_no_primary_term": True}


def pinned(documents: Sequence[PinnedDocument], there: Sequence[Key], organic: Pairs) -> Pairs:
    """The pinned documents that are there, then the other hits.

    Args:
        documents: in their order.
        there: what the search for them found.
        organic: what the child found.
    """
    first: list[tuple[Key, float]] = []
    for document, score in zip(documents, pinned_scores(len(documents)), strict=True):
        for key in sorted(there):
            index, id = key
            # An alias is not the name that the hit has; then the id alone tells.
            named = document.index in (None, index) or document.index not in {name for name, _ in there}
            if id == document.id and named and all(key != seen for seen, _ in first):
                first.append((key, score))
    taken = {key for key, _ in first}
    most = float(np.uint32(_MOST_ORGANIC).view(np.float32))
    return first + [(key, min(score, most)) for key, score in organic if key not in taken]
