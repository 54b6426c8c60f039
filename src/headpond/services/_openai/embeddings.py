"""OpenAI's embeddings: how answers are read.

Source: https://platform.openai.com/docs/api-reference/embeddings.
"""

from __future__ import annotations

from typing import Any

from headpond.inference.results import ElementType, TextEmbedding, Usage
from headpond.services._http.reading import by_index, bytes_, floats, items, member, total_tokens

ANSWER = "OpenAI embeddings"


def read_embeddings(body: Any, count: int, *, element: ElementType = "float", answer: str = ANSWER) -> TextEmbedding:
    """`data[].embedding` in the order of `index`; numbers, or base64 of packed little-endian float32.

    Args:
        body: the parsed answer.
        count: how many there must be.
        element: what they are made of; bytes, and bits packed into bytes, come as numbers from -128 to 127.
        answer: what the answer is called in messages.

    Raises:
        MalformedError: it is no such answer.
    """
    rows = [member(item, "embedding", answer) for item in by_index(items(body, "data", answer))]
    vectors = floats(rows, count) if element == "float" else bytes_(rows, count)
    return TextEmbedding(vectors, Usage(count, total_tokens(body)), element)
