"""How answers of Hugging Face's inference endpoints are read.

Sources: https://huggingface.github.io/text-embeddings-inference/ and what Elasticsearch's service reads besides.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headpond.inference.results import Rerank, SparseEmbedding, SparseVector, TextEmbedding, Usage
from headpond.services._http.ranking import read_ranking
from headpond.services._http.reading import check_count, floats, items, member
from headpond.services._http.upstream import MalformedError


def read_embeddings(body: Any, count: int, *, answer: str = "Hugging Face embeddings") -> TextEmbedding:
    """`[[...], ...]`, or the same below `embeddings`.

    Args:
        body: the parsed answer.
        count: how many there must be.
        answer: what the answer is called in messages.

    Raises:
        MalformedError: it is no such answer.
    """
    rows = body if isinstance(body, list) else items(body, "embeddings", answer)
    return TextEmbedding(floats(rows, count), Usage(count))


def read_sparse(body: Any, count: int) -> SparseEmbedding:
    """The weights above zero of the tokens of each text.

    Models of Elastic's kind answer `[{"token": 0.5}]`. Text-embeddings-inference answers `[[{"index", "value"}]]`: the
    numbers of the tokens in the model's vocabulary stand for them.

    Args:
        body: the parsed answer.
        count: how many texts there are.

    Raises:
        MalformedError: it is no such answer.
    """
    if not isinstance(body, list):
        raise MalformedError("Hugging Face sparse embedding response is not an array")
    check_count(len(body), count)
    return SparseEmbedding(tuple(SparseVector(_weights(item)) for item in body), Usage(count))


def _weights(item: Any) -> Mapping[str, float]:
    answer = "Hugging Face sparse embedding"
    if isinstance(item, list):
        item = {str(member(pair, "index", answer)): member(pair, "value", answer) for pair in item}
    if not isinstance(item, dict):
        raise MalformedError(f"An item of {answer} response is neither an object nor an array")
    if not all(isinstance(weight, (int, float)) and not isinstance(weight, bool) for weight in item.values()):
        raise MalformedError(f"A weight of {answer} response is not a number")
    return {token: float(weight) for token, weight in item.items() if weight > 0}


def read_ranks(body: Any, documents: tuple[str, ...], *, with_text: bool | None) -> Rerank:
    """`[{"index", "score", "text"?}]`; some servers say `relevance_score` and `{"document": {"text"}}`.

    Args:
        body: the parsed answer.
        documents: that were ranked.
        with_text: whether texts are wanted; None takes those that come.

    Raises:
        MalformedError: it is no ranking of these documents.
    """
    answer = "Hugging Face rerank"
    if not isinstance(body, list):
        raise MalformedError(f"{answer} response is not an array")
    names = {name for item in body if isinstance(item, dict) for name in item}
    return read_ranking(
        {"results": body},
        documents=documents,
        with_text=with_text,
        answer=answer,
        score="relevance_score" if "relevance_score" in names else "score",
        text="document" if "document" in names else "text",
    )
