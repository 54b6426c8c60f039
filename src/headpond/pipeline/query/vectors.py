"""Embeds the query texts of a `_search` body on the client, so that the target needs no inference to search.

`query_vector_builder.text_embedding` becomes `query_vector`, `sparse_vector.inference_id` and `query` become its
`query_vector`. Every distinct endpoint and text is asked once, all at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from elastic_transport import TransportError
from elasticsearch import ApiError

from headpond.errors import PipelineError, TargetError
from headpond.inference.workers import QueueFullError
from headpond.pipeline.api_error import describe
from headpond.pipeline.pace.verdict import Verdict, judge
from headpond.pipeline.query.inference import ClientInference
from headpond.stages.deadline import Deadline
from headpond.stages.inference import Embedding, NotAskedError

LONGEST = 30.0
"""Seconds that embedding may take."""

SHARE = 0.5
"""Of the time that a search has left when it embeds, so that legs without an embedding have a time too."""

T = TypeVar("T")


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


def embed(inference: ClientInference, bodies: Iterable[Any], deadline: Deadline) -> Vectors:
    """A vector, or the failure, for everything that must be embedded in these bodies.

    Args:
        inference: asks endpoints.
        bodies: of searches or retrievers.
        deadline: of the whole search; half of what it leaves may be spent.
    """
    asked = list(dict.fromkeys(item for body in bodies for item in _asked(body)))
    if not asked:
        return {}
    part = deadline.within(min(deadline.left * SHARE, LONGEST))
    begun = [_try(partial(_begin, inference, item, part), item, part) for item in asked]
    return {
        item: one if isinstance(one, EmbeddingFailed) else _try(one, item, part)
        for item, one in zip(asked, begun, strict=True)
    }


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


def _begin(inference: ClientInference, asked: Asked, deadline: Deadline) -> Callable[[], Embedding]:
    return inference.begin_embed(asked.inference_id, asked.task_type, asked.text, deadline)


def _try(work: Callable[[], T], asked: Asked, deadline: Deadline) -> T | EmbeddingFailed:
    try:
        return work()
    except TimeoutError:
        return _failed(asked, f"no answer within {deadline.spent_ms} ms", passing=True)
    except (ApiError, TransportError) as error:
        verdict = judge(error)
        if verdict is Verdict.UNREACHABLE:
            return EmbeddingFailed(f"the target does not answer: {describe(error)}", passing=False)
        return _failed(asked, describe(error), passing=verdict.passes or verdict is Verdict.UNCLEAR)
    except (ValueError, NotAskedError, QueueFullError) as error:
        return _failed(asked, str(error) or "too many calls are under way", passing=True)


def _failed(asked: Asked, reason: str, *, passing: bool) -> EmbeddingFailed:
    return EmbeddingFailed(f"endpoint [{asked.inference_id}] did not embed the query: {reason}", passing=passing)
