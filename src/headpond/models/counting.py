"""Counts the tokens that a local model would see, without loading the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from headpond.errors import HeadpondError
from headpond.models import store
from headpond.models.best import for_task
from headpond.models.card import Task
from headpond.models.tokenizer import Tokenizer

_DEFAULTS = {"elser": ".elser_model_2"}
_SERVICES = {"elasticsearch", *_DEFAULTS}
_TASKS = {"text_embedding", "sparse_embedding"}
_PLATFORM = "_linux-x86_64"


def token_counter(shown: Mapping[str, Any]) -> Callable[[Sequence[str]], list[int]] | None:
    """Counts the tokens of texts as the model behind an endpoint would; None when its tokenizer is not at hand.

    Args:
        shown: the endpoint as `GET _inference` shows it, or as it was declared, with its `task_type`.
    """
    service, task = str(shown.get("service")), shown.get("task_type")
    model_id = (shown.get("service_settings") or {}).get("model_id") or _DEFAULTS.get(service)
    if service not in _SERVICES or task not in _TASKS or not isinstance(model_id, str):
        return None
    try:
        name = _serving(model_id.removesuffix(_PLATFORM), cast("Task", task))
        if name is None:
            return None
        folder = store.path(name)
        card = store.card_of(folder)
        tokenizer = Tokenizer(folder / "tokenizer.json", card.max_tokens)
    except HeadpondError:
        return None
    prefix = card.prefixes.ingest
    return lambda texts: [len(encoded.ids) for encoded in tokenizer.encode(texts, prefix)]


def _serving(model_id: str, task: Task) -> str | None:
    """The name in the store: the model's own, or of the one that serves in the place of one of Elastic's."""
    if store.present(model_id):
        return model_id
    if not model_id.startswith("."):
        return None
    choice = for_task(task, model_id)
    return choice.card.name if choice.present else None
