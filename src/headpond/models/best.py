"""Which model serves a task when nobody named one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from headpond.models import store
from headpond.models.card import Card, Task

Method = Literal["embedding", "expansion", "cross_encoder", "late_interaction"]


@dataclass(frozen=True, slots=True)
class Choice:
    """A model chosen for a task.

    Attributes:
        card: the model that really serves; show its `name` and `title` to users.
        method: how it serves; `late_interaction` is a rerank by a dense model's token vectors, no cross-encoder.
        present: whether its weights are here; otherwise `pull` them first.
        stands_in_for: the model that was asked for, when `card` is another one; else None.
    """

    card: Card
    method: Method
    present: bool
    stands_in_for: str | None


def for_task(task: Task, wanted: str | None = None) -> Choice:
    """The best model for a task: among those present the wanted one, else the highest rank; if none is, the default.

    The choice changes when a better model is pulled. Who keeps vectors must keep the name of the model with them.

    Args:
        task: the inference task.
        wanted: Elasticsearch's id of a model, such as `.multilingual-e5-small` or `.elser_model_2`.
    """
    entries = [entry for entry in store.listing() if entry.card.task in _serving(task)]

    def worth(entry: store.Entry) -> tuple[bool, bool, bool, bool, int]:
        card = entry.card
        right = wanted is not None and card.elasticsearch_model_id == wanted
        return entry.present, not entry.present and card.default, right, card.task == task, card.rank

    chosen = max(entries, key=worth)
    card = chosen.card
    stands_in = wanted if wanted is not None and card.elasticsearch_model_id != wanted else None
    return Choice(card, _method(task, card), chosen.present, stands_in)


def _serving(task: Task) -> tuple[Task, ...]:
    return ("rerank", "text_embedding") if task == "rerank" else (task,)


def _method(task: Task, card: Card) -> Method:
    if task == "rerank":
        return "cross_encoder" if card.task == "rerank" else "late_interaction"
    return "expansion" if task == "sparse_embedding" else "embedding"
