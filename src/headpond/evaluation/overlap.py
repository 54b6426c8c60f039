"""Whether queries, judgments and documents speak of the same ids; that they do not is the commonest mistake."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping

from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch

from headpond.errors import InputError
from headpond.evaluation.qrels import Qrels
from headpond.evaluation.queries import Queries

SHOWN = 3
CHUNK = 1000
MOST = 10_000
"""Judged documents that are looked up."""


def judged_queries(queries: Queries, qrels: Qrels, sample: int | None, seed: int) -> tuple[Queries, list[str]]:
    """The queries that can be scored, and what to say about the others.

    Args:
        queries: all of them.
        qrels: the judgments.
        sample: keep only so many, drawn at random.
        seed: of the draw.

    Raises:
        InputError: no query has judgments.
    """
    judged = {id: text for id, text in queries.items() if id in qrels}
    if not judged:
        raise InputError(
            f"no query has judgments: the queries' ids are like {_like(queries)}, those in the judgments like "
            f"{_like(qrels)}",
            hint="both files must name the queries the same way",
        )
    warnings = []
    if without := len(queries) - len(judged):
        warnings.append(f"{without} of {len(queries)} queries have no judgments and are not asked")
    if unknown := sum(id not in queries for id in qrels):
        warnings.append(f"{unknown} judged queries are not among the queries and are not counted")
    if sample is not None and sample < len(judged):
        drawn = set(random.Random(seed).sample(sorted(judged), sample))
        warnings.append(f"a sample of {sample} of {len(judged)} queries, seed {seed}")
        judged = {id: text for id, text in judged.items() if id in drawn}
    if empty := sum(not any(grade > 0 for grade in qrels[id].values()) for id in judged):
        warnings.append(f"{empty} queries have no relevant document; whatever is found, they score 0")
    return judged, warnings


def check_index(client: Elasticsearch, index: str, qrels: Qrels, queries: Iterable[str]) -> list[str]:
    """Looks the judged documents up in an index before anything is asked; what to say about those that are missing.

    Raises:
        InputError: none of them is there.
    """
    documents = sorted({document for query in queries for document in qrels[query]})
    if len(documents) > MOST:
        documents = random.Random(0).sample(documents, MOST)
    found = 0
    try:
        for start in range(0, len(documents), CHUNK):
            part = documents[start : start + CHUNK]
            found += client.count(index=index, query={"ids": {"values": part}})["count"]
        if found == 0:
            hits = client.search(index=index, size=SHOWN, source=False)["hits"]["hits"]
            raise _apart([hit["_id"] for hit in hits], documents, f"index [{index}]")
    except (ApiError, TransportError):
        return []  # the search itself says what is wrong, and in better words
    missing = len(documents) - found
    return [f"{missing} of {len(documents)} judged documents are not in index [{index}]"] if missing > 0 else []


def check_run(rankings: Mapping[str, Iterable[str]], qrels: Qrels, name: str) -> list[str]:
    """The same for rankings that are there already.

    Raises:
        InputError: they share no query, or no document, with the judgments.
    """
    shared = [query for query in rankings if query in qrels]
    if not shared:
        raise InputError(
            f"the run {name!r} answers none of the judged queries: its queries are like {_like(rankings)}, those in "
            f"the judgments like {_like(qrels)}"
        )
    documents = list(dict.fromkeys(document for query in shared for document in rankings[query]))
    judged = {document for query in shared for document in qrels[query]}
    if documents and not judged & set(documents):
        raise _apart(documents, sorted(judged), f"the run {name!r}")
    return []


def _apart(own: list[str], judged: list[str], where: str) -> InputError:
    seen = f"the documents of {where} have ids like {_like(own)}" if own else f"{where} holds no documents"
    return InputError(
        f"no judged document is in {where}: {seen}, those in the judgments are like {_like(judged)}",
        hint="documents must be indexed with the ids that the judgments use (`_id`, or --id-field of headpond ingest)",
    )


def _like(ids: Iterable[str]) -> str:
    shown = [repr(id) for _, id in zip(range(SHOWN), ids, strict=False)]
    return ", ".join(shown) or "(none)"
