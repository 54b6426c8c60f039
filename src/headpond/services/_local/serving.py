"""Loaded models, and requests turned into their calls."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from headpond.errors import HeadpondError, ModelError, RestError
from headpond.inference.deadline import Deadline
from headpond.inference.input_type import InputType
from headpond.inference.invalid import status_exception
from headpond.inference.request import InferenceRequest
from headpond.inference.results import (
    Rerank,
    SparseEmbedding,
    SparseVector,
    TextEmbedding,
    Usage,
    rank,
)
from headpond.models import catalog, store
from headpond.models.dense import DenseModel
from headpond.models.rerank import CrossEncoder, LateInteraction, Reranker
from headpond.models.sparse import SparseEmbedded, SparseModel
from headpond.services._local.fetching import as_rest, fetch

Model = DenseModel | SparseModel | Reranker

_LOADERS: Mapping[str, Callable[[str], Model]] = {
    "embedding": DenseModel.load,
    "expansion": SparseModel.load,
    "cross_encoder": CrossEncoder.load,
    "late_interaction": LateInteraction.load,
}


class Models:
    """The models in use, each loaded once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loaded: dict[tuple[str, str], Model] = {}

    def get(self, served: Mapping[str, Any], deadline: Deadline) -> Model:
        """The model an endpoint is served by; it is fetched when it is not here.

        Args:
            served: what `choosing.remembered` made.
            deadline: how long to wait for a fetch.

        Raises:
            RestError: 404, its weights cannot be had or run; 408, they are on their way; 409, the model of this name is
                another one now, whose vectors would not fit those already kept; 501, the extra `local` is missing.
        """
        name, method = served["serves"], served["method"]
        model = self._loaded.get((name, method)) or self._load(name, method, deadline)
        kept = served.get("weights")
        if method in ("embedding", "expansion") and kept is not None and model.card.fingerprint != kept:
            reason = f"The model [{name}] is not the one that this endpoint was made with"
            change = f"(its weights were [{kept}], now they are [{model.card.fingerprint}])"
            raise status_exception(409, f"{reason} {change}; delete the endpoint and make it again")
        return model

    def _load(self, name: str, method: str, deadline: Deadline) -> Model:
        try:
            if not store.present(name):
                if name not in catalog.cards():
                    hint = f"headpond models add FOLDER --name {name}"
                    raise ModelError("its files are not on this machine any more", hint=f"add them again: {hint}")
                fetch(catalog.get(name), deadline)
            with self._lock:
                if (name, method) not in self._loaded:
                    self._loaded[name, method] = _LOADERS[method](name)
                return self._loaded[name, method]
        except RestError:
            raise
        except HeadpondError as error:
            raise as_rest(error, name) from error


def embed(model: DenseModel, request: InferenceRequest, deadline: Deadline) -> TextEmbedding:
    """Dense vectors of all inputs."""
    result = model.embed(request.input, use_of(request.input_type), deadline=deadline)
    return TextEmbedding(result.vectors, Usage(len(request.input), sum(result.tokens)))


def expand(model: SparseModel, request: InferenceRequest, deadline: Deadline) -> SparseEmbedding:
    """Sparse vectors of all inputs; `is_truncated` where the tokenizer cut a text."""
    return as_sparse(model.embed(request.input, use_of(request.input_type), deadline=deadline))


def as_sparse(result: SparseEmbedded) -> SparseEmbedding:
    """A model's terms as the inference API has them.

    A full stop in a token becomes two underscores, as in Elasticsearch, whose sparse fields take no dots in names.
    """
    vectors = tuple(
        SparseVector(_storable(terms), cut) for terms, cut in zip(result.terms, result.truncated, strict=True)
    )
    return SparseEmbedding(vectors, Usage(len(vectors), sum(result.tokens)))


def score(
    model: Reranker, request: InferenceRequest, deadline: Deadline, *, top_n: int | None, with_text: bool
) -> Rerank:
    """The documents by the model's raw score; its tokens are not known."""
    scores = model.score(request.require_query(), request.input, deadline=deadline)
    usage = Usage(len(request.input))
    return rank(scores, request.input, top_n=top_n, with_text=with_text, usage=usage)


def _storable(terms: dict[str, float]) -> dict[str, float]:
    return {token.replace(".", "__") if "." in token else token: weight for token, weight in terms.items()}


def use_of(input_type: InputType | None) -> str | None:
    """How models name it: `search` or `ingest`; no prefix for the rest, as in Elasticsearch."""
    if input_type is None:
        return None
    if input_type.is_query:
        return "search"
    return "ingest" if input_type in (InputType.INGEST, InputType.INTERNAL_INGEST) else None
