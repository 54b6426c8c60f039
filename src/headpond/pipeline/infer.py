"""One call of an embedding endpoint through the official client, and what its answer holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from elastic_transport import ApiResponse
from elasticsearch import Elasticsearch

from headpond.pipeline.endpoints import TargetEndpoint
from headpond.stages.inference import Embedding

TOKENS_HEADER = "x-headpond-tokens"
PROBE = "how big"


def infer(
    client: Elasticsearch, inference_id: str, task_type: str, texts: Sequence[str], *, input_type: str, timeout: str
) -> tuple[list[Embedding], int | None]:
    """Embeds texts in one request.

    Args:
        client: of the target.
        inference_id: the endpoint.
        task_type: what it does.
        texts: at least one.
        input_type: `ingest` or `search`; sent where the API allows it.
        timeout: Elasticsearch time units.

    Returns:
        One embedding a text, in order, and the tokens they cost where the target says.

    Raises:
        ApiError, TransportError: the call failed.
        ValueError: the answer is not what the API promises.
    """
    options: dict[str, Any] = {"input_type": input_type} if task_type == "text_embedding" else {}
    answer = client.inference.inference(
        inference_id=inference_id, task_type=task_type, input=list(texts), timeout=timeout, **options
    )
    embeddings = read(answer.body)
    if len(embeddings) != len(texts):
        raise ValueError(f"endpoint [{inference_id}] answered {len(embeddings)} embeddings for {len(texts)} texts")
    return embeddings, _tokens(answer)


def dimensions(client: Elasticsearch, endpoint: TargetEndpoint) -> int:
    """The dimensions of a dense endpoint: as the target shows them, else by embedding a word.

    Raises:
        ApiError, TransportError, ValueError: as `infer`.
    """
    if endpoint.dimensions is not None:
        return endpoint.dimensions
    texts = [PROBE]
    found, _ = infer(client, endpoint.inference_id, endpoint.task_type, texts, input_type="ingest", timeout="120s")
    return size_of(found[0], endpoint)


def size_of(embedding: Embedding, endpoint: TargetEndpoint) -> int:
    """Dimensions of a vector; of one made of bits, a byte holds eight."""
    return len(embedding) * (8 if endpoint.element_type == "bit" else 1)


def read(body: Any) -> list[Embedding]:
    """The embeddings in an answer, whatever its task type.

    Raises:
        ValueError: it has none.
    """
    if isinstance(body, dict):
        for key, value in body.items():
            if key in ("text_embedding", "embeddings"):
                return [np.array(item["embedding"], np.float32) for item in value]
            if key in ("text_embedding_bytes", "text_embedding_bits", "embeddings_bytes", "embeddings_bits"):
                return [np.array(item["embedding"], np.int8) for item in value]
            if key == "sparse_embedding":
                return [item["embedding"] for item in value]
            if key == "completion":
                return [item["result"] for item in value]
    shown = ", ".join(body) if isinstance(body, dict) else type(body).__name__
    raise ValueError(f"the answer holds no embeddings but [{shown}]")


def _tokens(answer: ApiResponse[Any]) -> int | None:
    text = answer.meta.headers.get(TOKENS_HEADER)
    return int(text) if text is not None and text.isdecimal() else None
