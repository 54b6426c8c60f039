"""Reading rankings; most providers answer as Cohere does."""

from __future__ import annotations

from typing import Any

from headpond.inference.results import Ranked, Rerank, Usage
from headpond.services._http.reading import items, member
from headpond.services._http.upstream import MalformedError


def read_ranking(
    body: Any,
    *,
    documents: tuple[str, ...],
    with_text: bool | None,
    answer: str,
    results: str = "results",
    score: str = "relevance_score",
    text: str = "document",
    spent: int | None = None,
) -> Rerank:
    """Reads `{"results": [{"index", "relevance_score", "document"?}]}` in its order.

    Args:
        body: the parsed answer.
        documents: of the request.
        with_text: whether texts are wanted; None takes those that come. Where they are wanted and do not come they are
            filled in from the request.
        answer: what the answer is called in messages, as in `JinaAI rerank`.
        results: the name of the list.
        score: the name of the score.
        text: the name of the text; it may be an object `{"text"}`.
        spent: tokens that the provider tells.

    Raises:
        MalformedError: it is no ranking of these documents.
    """
    ranked = []
    for item in items(body, results, answer):
        index, relevance = member(item, "index", answer), member(item, score, answer)
        if not _is_index(index, len(documents)) or not _is_number(relevance):
            raise MalformedError(f"A result of {answer} response is not about a document of the request")
        shown = None if with_text is False else _text(item.get(text))
        ranked.append(Ranked(index, float(relevance), documents[index] if shown is None and with_text else shown))
    return Rerank(tuple(ranked), Usage(len(documents), spent))


def _is_index(value: Any, count: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < count


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _text(value: Any) -> str | None:
    if isinstance(value, dict):
        value = value.get("text")
    return value if isinstance(value, str) else None
