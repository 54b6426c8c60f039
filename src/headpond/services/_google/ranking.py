"""Google's ranking API.

Source: Google's discovery document (`discoveryengine.v1`, `RankRequest` and `RankResponse`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from headpond.inference.results import Rerank
from headpond.services._http.ranking import read_ranking
from headpond.services._http.reading import items
from headpond.services._http.upstream import MalformedError

ANSWER = "Google Vertex AI rerank"


def rank_body(
    model: str | None, query: str, documents: Sequence[str], *, top_n: int | None, return_documents: bool | None
) -> dict[str, Any]:
    """The request; documents are called by their places.

    Args:
        model: None for Google's default.
        query: what they are ranked for.
        documents: the texts.
        top_n: how many to return; None for all.
        return_documents: whether the texts are to come back; None for Google's default, which is that they do.
    """
    given = {
        "model": model,
        "query": query,
        "records": [{"id": str(place), "content": text} for place, text in enumerate(documents)],
        "topN": top_n,
        "ignoreRecordDetailsInResponse": None if return_documents is None else not return_documents,
    }
    return {name: value for name, value in given.items() if value is not None}


def read_records(body: Any, documents: tuple[str, ...], *, with_text: bool | None) -> Rerank:
    """`records[]` in their order, best first.

    Args:
        body: the parsed answer.
        documents: of the request.
        with_text: whether texts are wanted; None takes those that come.

    Raises:
        MalformedError: it is no ranking of these documents.
    """
    records = [_placed(item) for item in items(body, "records", ANSWER)]
    return read_ranking(
        {"records": records},
        documents=documents,
        with_text=with_text,
        answer=ANSWER,
        results="records",
        score="score",
        text="content",
    )


def _placed(record: Any) -> Any:
    """The record with its place as a number."""
    identity = record.get("id") if isinstance(record, Mapping) else None
    if not isinstance(identity, str) or not (identity.isascii() and identity.isdigit() and len(identity) < 10):
        raise MalformedError(f"A record of {ANSWER} response is not one of the request")
    return {**record, "index": int(identity)}
