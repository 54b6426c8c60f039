"""A search that the target answers itself: nothing is left to do but to embed its texts."""

from __future__ import annotations

from typing import Any

from headpond.errors import PipelineError
from headpond.pipeline.query.field_models import OTHER_MODEL, FieldModels
from headpond.pipeline.query.inference import ClientInference
from headpond.pipeline.query.searches import Answer, Body, Searches
from headpond.pipeline.query.vectors import EmbeddingFailed, embed, fill
from headpond.stages.deadline import Deadline
from headpond.stages.degraded import Degraded
from headpond.stages.where import Where


def plain(
    searches: Searches, body: Body, where: Where, *, models: FieldModels, inference: ClientInference, deadline: Deadline
) -> Answer:
    """The answer to a search without a compound retriever.

    A `knn` section whose text cannot be embedded now is left out when there is a `query` or another section beside it.

    Args:
        searches: where it goes.
        body: what is asked for.
        where: the body's place, for errors.
        models: of the fields of the index.
        inference: asks endpoints.
        deadline: of the whole search.

    Raises:
        PipelineError: it would compare vectors of two models.
        EmbeddingFailed: nothing is left that could be searched.
        ApiError, TransportError: the target failed.
    """
    if wrong := models.mismatch(body, deadline):
        raise PipelineError(wrong, where=str(where) or None, hint=OTHER_MODEL)
    begun = deadline.spent_ms
    vectors = embed(inference, [body], deadline)
    asked = fill({key: value for key, value in body.items() if key != "knn"}, vectors)
    degraded: list[Degraded] = []
    if "knn" in body:
        several = isinstance(body["knn"], list)
        kept: list[Any] = []
        failures: list[EmbeddingFailed] = []
        for number, section in enumerate(body["knn"] if several else [body["knn"]]):
            try:
                kept.append(fill(section, vectors))
            except EmbeddingFailed as error:
                place = where.at("knn", number) if several else where.at("knn")
                degraded.append(Degraded(place.path, error.message, deadline.spent_ms - begun))
                failures.append(error)
        lasting = [failure for failure in failures if not failure.passing]
        if lasting or (failures and not kept and "query" not in body):
            raise (lasting or failures)[0]
        if kept:
            asked["knn"] = kept if several else kept[0]
    answer = searches.one(asked)
    return {**answer, "degraded": [item.to_json() for item in degraded]} if degraded else answer
