"""Retrieval: a `_search` body answered by the target, or, where its retriever is compound, by the client."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from headpond.errors import PipelineError
from headpond.pipeline.query.field_models import OTHER_MODEL, FieldModels
from headpond.pipeline.query.inference import ClientInference
from headpond.pipeline.query.retrieve.run import Run, shared
from headpond.pipeline.query.retrieve.tree import is_compound, parse
from headpond.pipeline.query.searches import Answer, Body, Searches
from headpond.pipeline.query.vectors import embed, fill
from headpond.pipeline.query.widen import SIZE
from headpond.stages.deadline import Deadline
from headpond.stages.where import Where


def retrieve(
    searches: Searches, body: Body, where: Where, *, models: FieldModels, inference: ClientInference, deadline: Deadline
) -> Answer:
    """The answer to a search, before response processors.

    Args:
        searches: where it goes.
        body: what is asked for.
        where: the body's place, for errors.
        models: of the fields of the index.
        inference: asks endpoints.
        deadline: of the whole search.

    Raises:
        PipelineError: the target or this client refuses the body, or it would compare vectors of two models.
        ApiError, TransportError: the target failed.
    """
    retriever = body.get("retriever")
    if retriever is None or not is_compound(retriever):
        if wrong := models.mismatch(body, deadline):
            raise PipelineError(wrong, where=str(where) or None, hint=OTHER_MODEL)
        return searches.one(fill(body, embed(inference, [body], deadline)))
    started = time.monotonic()
    size = body.get("size", SIZE)
    tree = parse(retriever, where.at("retriever"), size)
    run = Run(searches, shared(body), models, inference, deadline)
    hits = run.execute(tree)
    if "min_score" in body:
        hits = [hit for hit in hits if np.float32(hit["_score"]) >= np.float32(body["min_score"])]
    first = body.get("from", 0)
    page = hits[first : first + size]
    answer: dict[str, Any] = {
        "took": round((time.monotonic() - started) * 1000),
        "timed_out": run.timed_out,
        "_shards": run.shards or {"total": 0, "successful": 0, "skipped": 0, "failed": 0},
        "hits": {"total": {"value": len(hits), "relation": "eq"}, "max_score": None, "hits": page},
    }
    if run.degraded:
        answer["degraded"] = [item.to_json() for item in run.degraded]
    return answer
