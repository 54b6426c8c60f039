"""`rank` and `sub_searches`, which came before retrievers, as the retriever that they stand for.

Elasticsearch 8.8 to 8.x answers them in paid licences, later versions have retrievers alone. Clients that still send
them get the same ranking: the queries are legs of an `rrf`, those of `knn` after the others.
"""

from __future__ import annotations

from typing import Any

from headpond.errors import PipelineError
from headpond.pipeline.query.retrieve.options import WINDOW

Body = dict[str, Any]
SIZE = 10
_REPLACED = ("rank", "query", "sub_searches", "knn")
_OPTIONS = {"rank_window_size": "rank_window_size", "window_size": "rank_window_size", "rank_constant": "rank_constant"}


def with_retriever(body: Body) -> Body:
    """The body with a retriever in the place of `rank`; one without `rank` as it is.

    Raises:
        PipelineError: there is no such ranking, or there are not two queries to fuse.
    """
    rank = body.get("rank")
    if rank is None:
        if "sub_searches" in body:
            raise PipelineError("[sub_searches] requires [rank]")
        return body
    if "retriever" in body:
        raise PipelineError("cannot specify [retriever] and [rank]")
    if not isinstance(rank, dict) or list(rank) != ["rrf"] or not isinstance(rank["rrf"], dict):
        raise PipelineError("[rank] knows [rrf] alone, as in {rrf: {rank_window_size: 50}}")
    unknown = [key for key in rank["rrf"] if key not in _OPTIONS]
    if unknown:
        raise PipelineError(f"[rrf] unknown field [{unknown[0]}]", hint=f"known: {', '.join(_OPTIONS)}")
    options = {_OPTIONS[key]: value for key, value in rank["rrf"].items()}
    size = body.get("size", SIZE)
    legs = [*_queries(body), *_near(body, size)]
    if len(legs) < 2:
        raise PipelineError(
            "[rank] requires a minimum of [2] result sets using a combination of sub searches and/or knn searches"
        )
    options = {"rank_window_size": max(WINDOW, size), **options, "retrievers": legs}
    rest = {key: value for key, value in body.items() if key not in _REPLACED}
    return {**rest, "size": size, "retriever": {"rrf": options}}


def _queries(body: Body) -> list[Body]:
    if "sub_searches" in body and "query" in body:
        raise PipelineError("cannot specify field [query] and field [sub_searches]")
    given = body.get("sub_searches", [{"query": body["query"]}] if "query" in body else [])
    if not isinstance(given, list) or not all(isinstance(one, dict) and list(one) == ["query"] for one in given):
        raise PipelineError("[sub_searches] is a list of {query: ...}")
    return [{"standard": {"query": one["query"]}} for one in given]


def _near(body: Body, size: int) -> list[Body]:
    given = body.get("knn", [])
    legs = []
    for section in given if isinstance(given, list) else [given]:
        if not isinstance(section, dict):
            raise PipelineError("[knn] is {field: ..., query_vector: ..., k: ...}, or a list of them")
        # Only places count, so a boost does nothing.
        options = {"k": size, **{key: value for key, value in section.items() if key != "boost"}}
        k = options["k"]
        if isinstance(k, int):  # the target says what is wrong with another
            options.setdefault("num_candidates", min(round(1.5 * k), 10_000))
        legs.append({"knn": options})
    return legs
