"""From a `model_id` to the model that really serves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from headpond.errors import RestError, UnknownNameError
from headpond.inference.invalid import status_exception
from headpond.inference.task_type import TaskType
from headpond.models import store
from headpond.models.best import Choice, Method, for_task
from headpond.models.card import Task

ELASTIC_MODELS: Mapping[str, TaskType] = {
    ".elser_model_2": TaskType.SPARSE_EMBEDDING,
    ".multilingual-e5-small": TaskType.TEXT_EMBEDDING,
    ".rerank-v1": TaskType.RERANK,
}
"""Elastic's own models and what they do; each also has a variant for one platform."""

PLATFORM = "_linux-x86_64"


def choose(model_id: str, task_type: TaskType) -> Choice:
    """The model for an endpoint: the named one, or for one of Elastic's the best there is for its task.

    Raises:
        RestError: 400, no such model, or it does something else.
    """
    elastic = model_id.removesuffix(PLATFORM)
    if elastic in ELASTIC_MODELS:
        _check(model_id, ELASTIC_MODELS[elastic], task_type)
        return for_task(cast("Task", str(task_type)), elastic)
    entries = {entry.card.name: entry for entry in store.listing()}
    if model_id not in entries:
        raise _unknown(model_id, [*entries, *ELASTIC_MODELS])
    entry = entries[model_id]
    does = TaskType(entry.card.task)
    late = task_type is TaskType.RERANK and does is TaskType.TEXT_EMBEDDING
    if not late:
        _check(model_id, does, task_type)
    return Choice(entry.card, "late_interaction" if late else _METHODS[does], entry.present, None)


_METHODS: Mapping[TaskType, Method] = {
    TaskType.TEXT_EMBEDDING: "embedding",
    TaskType.SPARSE_EMBEDDING: "expansion",
    TaskType.RERANK: "cross_encoder",
}


def remembered(choice: Choice) -> dict[str, Any]:
    """What an endpoint keeps of a choice, so that it is served by the same model ever after."""
    kept = {"serves": choice.card.name, "method": choice.method, "weights": choice.card.fingerprint}
    if choice.stands_in_for is not None:
        kept["stands_in_for"] = choice.stands_in_for
    return kept


def shown_model_id(model_id: str, choice: Choice) -> str:
    """The `model_id` to show: never that of a model which does not serve."""
    return model_id if choice.stands_in_for is None else choice.card.name


def _check(model_id: str, does: TaskType, wanted: TaskType) -> None:
    if does is not wanted:
        reason = f"Deployed model [{model_id}] with type [{does}] does not match the requested task type [{wanted}]"
        raise status_exception(400, reason)


def _unknown(model_id: str, known: list[str]) -> RestError:
    reason = (
        "Error parsing request config, model id does not match any models available on this platform."
        f" Was [{model_id}]. You may need to load it into the cluster using eland."
    )
    nearest = RestError(400, "resource_not_found_exception", str(UnknownNameError("model", model_id, known)))
    return RestError(400, "illegal_argument_exception", reason, caused_by=nearest)
