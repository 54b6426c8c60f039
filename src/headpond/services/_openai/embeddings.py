"""OpenAI's embeddings: how answers are read.

Source: https://platform.openai.com/docs/api-reference/embeddings.
"""

from __future__ import annotations

from typing import Any

from headpond.inference.results import TextEmbedding, Usage
from headpond.services._http.reading import floats, items, member, tokens

ANSWER = "OpenAI embeddings"


def read_embeddings(body: Any, count: int) -> TextEmbedding:
    """`data[].embedding` in the order of `index`; numbers, or base64 of packed little-endian float32.

    Args:
        body: the parsed answer.
        count: how many there must be.

    Raises:
        MalformedError: it is no such answer.
    """
    data = items(body, "data", ANSWER)
    indexes = [item.get("index") if isinstance(item, dict) else None for item in data]
    if set(indexes) == set(range(len(data))):  # servers that work in parallel may answer out of order
        data = sorted(data, key=lambda item: int(item["index"]))
    rows = [member(item, "embedding", ANSWER) for item in data]
    usage = body.get("usage")
    spent = tokens(usage.get("total_tokens")) if isinstance(usage, dict) else None
    return TextEmbedding(floats(rows, count), Usage(count, spent))
