"""Embeds the query texts of a `_search` body on the client, so that the target needs no inference to search.

`query_vector_builder.text_embedding` becomes `query_vector`, `sparse_vector.inference_id` and `query` become its
`query_vector`. Every distinct endpoint and text is asked once, several at a time.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch

from headpond.errors import PipelineError, TargetError
from headpond.pipeline.api_error import describe
from headpond.pipeline.infer import infer
from headpond.pipeline.pace.verdict import Verdict, judge
from headpond.stages.inference import Embedding

TIMEOUT = "30s"


@dataclass(frozen=True, slots=True)
class Asked:
    """A text that an endpoint has to embed."""

    task_type: str
    inference_id: str
    text: str


class EmbeddingFailed(TargetError):
    """A query text could not be embedded.

    Attributes:
        passing: whether it may work later; then a search can go on without this leg.
    """

    def __init__(self, message: str, *, passing: bool) -> None:
        super().__init__(message, transient=passing)
        self.passing = passing


Vectors = Mapping[Asked, Embedding | EmbeddingFailed]


def embed(client: Elasticsearch, bodies: Iterable[Any]) -> Vectors:
    """A vector, or the failure, for everything that must be embedded in these bodies."""
    asked = list(dict.fromkeys(item for body in bodies for item in _asked(body)))
    found: dict[Asked, Embedding | EmbeddingFailed] = {}

    def one(item: Asked) -> None:
        found[item] = _embed(client, item)

    threads = [threading.Thread(target=one, args=(item,), daemon=True) for item in asked[1:]]
    for thread in threads:
        thread.start()
    for item in asked[:1]:
        one(item)
    for thread in threads:
        thread.join()
    return found


def fill(body: Any, vectors: Vectors) -> Any:
    """The body with vectors in the place of texts.

    Raises:
        EmbeddingFailed: one of its texts could not be embedded.
    """
    if isinstance(body, list):
        return [fill(item, vectors) for item in body]
    if not isinstance(body, dict):
        return body
    filled: dict[str, Any] = {}
    for key, value in body.items():
        if key == "query_vector_builder":
            filled["query_vector"] = _vector(dense(value), vectors)
        elif key == "sparse_vector" and is_sparse(value):
            rest = {name: item for name, item in value.items() if name not in ("inference_id", "query")}
            filled[key] = {**rest, "query_vector": _vector(sparse(value), vectors)}
        else:
            filled[key] = fill(value, vectors)
    return filled


def _asked(node: Any) -> Iterator[Asked]:
    if isinstance(node, list):
        for item in node:
            yield from _asked(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "query_vector_builder":
                yield dense(value)
            elif key == "sparse_vector" and is_sparse(value):
                yield sparse(value)
            else:
                yield from _asked(value)


def dense(builder: Any) -> Asked:
    """What a `query_vector_builder` asks for.

    Raises:
        PipelineError: it is not of the one kind there is.
    """
    options = builder.get("text_embedding") if isinstance(builder, dict) else None
    if not isinstance(options, dict) or not isinstance(options.get("model_id"), str):
        raise PipelineError("a query_vector_builder is {text_embedding: {model_id: ..., model_text: ...}}")
    return Asked("text_embedding", options["model_id"], str(options.get("model_text", "")))


def is_sparse(value: Any) -> bool:
    """Whether a `sparse_vector` query names an endpoint."""
    return isinstance(value, dict) and "inference_id" in value and "query_vector" not in value


def sparse(options: dict[str, Any]) -> Asked:
    """What a `sparse_vector` query asks for."""
    return Asked("sparse_embedding", str(options["inference_id"]), str(options.get("query", "")))


def _vector(asked: Asked, vectors: Vectors) -> Any:
    found = vectors[asked]
    if isinstance(found, EmbeddingFailed):
        raise found
    return found


def _embed(client: Elasticsearch, asked: Asked) -> Embedding | EmbeddingFailed:
    try:
        embeddings, _ = infer(
            client, asked.inference_id, asked.task_type, [asked.text], input_type="search", timeout=TIMEOUT
        )
    except (ApiError, TransportError) as error:
        verdict = judge(error)
        if verdict is Verdict.UNREACHABLE:
            return EmbeddingFailed(f"the target does not answer: {describe(error)}", passing=False)
        return _failed(asked, describe(error), passing=verdict.passes or verdict is Verdict.UNCLEAR)
    except ValueError as error:
        return _failed(asked, str(error), passing=True)
    return embeddings[0]


def _failed(asked: Asked, reason: str, *, passing: bool) -> EmbeddingFailed:
    return EmbeddingFailed(f"endpoint [{asked.inference_id}] did not embed the query: {reason}", passing=passing)
