"""Local models: a store of weights, and what runs them with onnxruntime and tokenizers.

    from headpond.models import DenseModel, pull

    pull("all-minilm-l6-v2")
    vectors = DenseModel.load("all-minilm-l6-v2").embed(["how do vaccines work"], "search").vectors

Importing this package loads nothing; the packages of the extra `local` are imported when a model is.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headpond.models.best import Choice, for_task
    from headpond.models.card import Card
    from headpond.models.dense import DenseModel, Embedded
    from headpond.models.fetching import pull
    from headpond.models.progress import Progress
    from headpond.models.rerank import CrossEncoder, LateInteraction, Reranker
    from headpond.models.sparse import SparseEmbedded, SparseModel

__all__ = [
    "Card",
    "Choice",
    "CrossEncoder",
    "DenseModel",
    "Embedded",
    "LateInteraction",
    "Progress",
    "Reranker",
    "SparseEmbedded",
    "SparseModel",
    "for_task",
    "pull",
]

_HOMES = {
    "Card": "card",
    "Choice": "best",
    "CrossEncoder": "rerank",
    "DenseModel": "dense",
    "Embedded": "dense",
    "LateInteraction": "rerank",
    "Progress": "progress",
    "Reranker": "rerank",
    "SparseEmbedded": "sparse",
    "SparseModel": "sparse",
    "for_task": "best",
    "pull": "fetching",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
