"""Retrieval: a `_search` body answered by the target, or, where its retriever is compound, by the client."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from elasticsearch import ApiError

from headpond.errors import PipelineError
from headpond.pipeline.query.capabilities import Capabilities
from headpond.pipeline.query.field_models import FieldModels
from headpond.pipeline.query.inference import ClientInference
from headpond.pipeline.query.retrieve.explain import Explainer
from headpond.pipeline.query.retrieve.field_groups import asks_for_fields
from headpond.pipeline.query.retrieve.legs import Context, Key, Legs
from headpond.pipeline.query.retrieve.parse import parse
from headpond.pipeline.query.retrieve.plain import plain
from headpond.pipeline.query.retrieve.push import pushed
from headpond.pipeline.query.retrieve.run import Ranked, Run, least
from headpond.pipeline.query.retrieve.tree import Leaf, Tree, is_compound, leaves
from headpond.pipeline.query.retrieve.union import has_least_score, union
from headpond.pipeline.query.searches import Answer, Body, Searches
from headpond.pipeline.query.widen import page_size, page_start
from headpond.stages.deadline import Deadline
from headpond.stages.response.base import Hit, as_json
from headpond.stages.where import Where

# Body keys that make sense for a compound retriever; every leg gets them. Elasticsearch refuses others, or they need
# the whole list of hits in one place.
_SHARED = frozenset(
    {
        "_source", "docvalue_fields", "explain", "ext", "fields", "highlight", "indices_boost", "pit",
        "runtime_mappings", "script_fields", "seq_no_primary_term", "stored_fields", "timeout", "track_total_hits",
        "version",
    }
)  # fmt: skip
_OWN = frozenset({"retriever", "size", "from", "min_score", "aggs", "aggregations", "track_scores"})
_CLASHING = ("query", "knn", "search_after", "terminate_after", "sort", "rescore")


def retrieve(
    searches: Searches,
    body: Body,
    where: Where,
    *,
    models: FieldModels,
    inference: ClientInference,
    deadline: Deadline,
    capabilities: Capabilities | None = None,
    explain: bool = False,
) -> Answer:
    """The answer to a search, before response processors.

    Args:
        searches: where it goes.
        body: what is asked for.
        where: the body's place, for errors.
        models: of the fields of the index.
        inference: asks endpoints.
        deadline: of the whole search.
        capabilities: of the target; None fuses on the client.
        explain: whether hits of a compound retriever get `_headpond.legs`, as `explain` in the body does.

    Raises:
        PipelineError: the target or this client refuses the body, or it would compare vectors of two models.
        ApiError, TransportError: the target failed.
    """
    retriever = body.get("retriever")
    if retriever is None or not is_compound(retriever):
        return plain(searches, body, where, models=models, inference=inference, deadline=deadline)
    started = time.monotonic()
    place = where.at("retriever")
    groups = None
    if capabilities is not None and asks_for_fields(retriever):
        groups = capabilities.groups(searches.client, searches.index, deadline)
    size = page_size(body)
    tree = parse(retriever, place, size, groups)
    if isinstance(body.get("min_score", 0), bool) or not isinstance(body.get("min_score", 0), int | float):
        raise where.at("min_score").error(f"[min_score] is a number, not {body['min_score']!r}")
    legs = Legs(Context(searches, shared(body), models, inference, deadline))
    run = Run(legs)
    embedded = legs.embedded(list(leaves(tree)))
    others = _others(body, tree, embedded)
    explains = explain or bool(body.get("explain"))
    whole = None
    if capabilities is not None and not (explains or others or legs.degraded):
        whole = _try_pushed(run, tree, embedded, capabilities)
    ranked, answers = whole or run.rank(tree, embedded, _sent(run, tree, embedded, others))
    pairs = ranked.pairs if "min_score" not in body else least(ranked.pairs, body["min_score"])
    first = page_start(body)
    page = pairs[first : first + size]
    hits = [{**legs.hits[key], "_score": as_json(score)} for key, score in page]
    if explains:
        _explain(hits, Explainer(ranked, legs.explanations), asked=bool(body.get("explain")))
    answer: dict[str, Any] = {
        "took": round((time.monotonic() - started) * 1000),
        "timed_out": legs.timed_out,
        "_shards": legs.shards or {"total": 0, "successful": 0, "skipped": 0, "failed": 0},
        "hits": {"max_score": as_json(pairs[0][1]) if pairs and hits else None, "hits": hits},
    }
    if body.get("track_total_hits") is not False:
        counted = len(pairs) if has_least_score(tree) or "min_score" in body else None
        answer["hits"] = {"total": _total(legs, ranked, counted, answers), **answer["hits"]}
    for found in answers:
        if "aggregations" in found:
            answer["aggregations"] = found["aggregations"]
    if degraded := [*legs.degraded, *run.degraded]:
        answer["degraded"] = [item.to_json() for item in degraded]
    return answer


def shared(body: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of a body that every leg gets.

    Raises:
        PipelineError: the body has a part that goes with no compound retriever.
    """
    clashing = [key for key in _CLASHING if key in body]
    if clashing:
        raise PipelineError(f"cannot specify [retriever] and [{', '.join(clashing)}]")
    for key in body:
        if key not in _SHARED and key not in _OWN:
            raise PipelineError(
                f"[{key}] cannot stand beside a compound retriever in a pipeline's search",
                hint="rrf, linear, pinned and text_similarity_reranker are computed on the client",
            )
    return {key: value for key, value in body.items() if key in _SHARED}


def _others(body: Body, tree: Tree, embedded: list[Leaf]) -> list[Body]:
    """The search over all that the legs match, when the body asks for what only it can tell."""
    aggregations = body.get("aggs") or body.get("aggregations")
    if not aggregations and body.get("track_total_hits") is not True:
        return []
    if has_least_score(tree) or "min_score" in body:
        if aggregations:
            raise PipelineError(
                "[aggs] beside a compound retriever with [min_score] are not supported here (501)",
                hint="put the least score into a response processor, or aggregate in a search of its own",
            )
        return []
    one: Body = {"query": union(tree, embedded), "size": 0, "track_total_hits": body.get("track_total_hits", True)}
    if aggregations:
        one["aggs"] = aggregations
    return [{**{key: body[key] for key in ("pit", "runtime_mappings", "timeout") if key in body}, **one}]


def _sent(run: Run, tree: Tree, embedded: list[Leaf], others: list[Body]) -> list[Answer]:
    """The answers to the legs; a target without `explain` is asked for the hits alone."""
    try:
        answers = run.send(tree, embedded, others)
        lacking = any(answer.get("status") == 501 for answer in answers)
    except ApiError as error:
        if error.meta.status != 501 or not run.legs.context.shared.get("explain"):
            raise
        lacking = True
    if not lacking or not run.legs.context.shared.get("explain"):
        return answers
    less = {key: value for key, value in run.legs.context.shared.items() if key != "explain"}
    run.legs.context = replace(run.legs.context, shared=less)
    return run.send(tree, embedded, others)


def _try_pushed(
    run: Run, tree: Tree, embedded: list[Leaf], capabilities: Capabilities
) -> tuple[Ranked, Sequence[Answer]] | None:
    """What the target finds with the parts that it can fuse itself; None when there are none, or it does not."""
    less = pushed(tree, {leaf.name: leaf for leaf in embedded})
    asked = list(leaves(less))
    context = run.legs.context
    if len(asked) == len(embedded) and {leaf.name for leaf in asked} == {leaf.name for leaf in embedded}:
        return None
    if not capabilities.fuses(context.searches.client, context.deadline):
        return None
    try:
        answers = run.send(less, asked)
    except ApiError as error:  # the legs one by one say better what is wrong
        capabilities.refused({"status": error.meta.status, **(error.body if isinstance(error.body, dict) else {})})
        return None
    for answer in answers:
        if "error" in answer:
            capabilities.refused(answer)
            return None
    return run.rank(less, asked, answers)


def _explain(hits: list[Hit], explainer: Explainer, *, asked: bool) -> None:
    for hit in hits:
        key: Key = (hit["_index"], hit["_id"])
        hit["_headpond"] = {**hit.get("_headpond", {}), "legs": explainer.legs(key)}
        if asked:
            hit["_explanation"] = explainer.explanation(key)


def _total(legs: Legs, ranked: Ranked, counted: int | None, answers: Sequence[Answer]) -> dict[str, Any]:
    """How many documents match; at least so many, where legs match more than they gave."""
    if counted is not None:
        return {"value": counted, "relation": "eq"}
    for answer in answers:
        if "total" in answer["hits"]:
            total: dict[str, Any] = answer["hits"]["total"]
            return total
    totals = list(legs.totals.values())
    if isinstance(ranked.tree, Leaf) and totals:
        return totals[0]
    seen = {name: len(pairs or ()) for name, pairs in legs.found.items()}
    exact = all(total["relation"] == "eq" and total["value"] <= seen[name] for name, total in legs.totals.items())
    most = max((total["value"] for total in totals), default=0)
    return {"value": max(most, len(legs.hits)), "relation": "eq" if exact else "gte"}
