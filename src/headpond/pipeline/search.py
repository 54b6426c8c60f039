"""Search through a pipeline: the template filled in, the query embedded, retrievers run, hits passed to the stages.

Query texts are embedded and `rrf`, `linear` and `text_similarity_reranker` are computed here, on the client, whatever
the target is. Elasticsearch has these retrievers in paid licences only, and fails a whole search when its reranker
fails; computed here, one file ranks the same on the pond, on a basic licence and on an Enterprise one, a failing leg
costs that leg alone, and nothing has to be rewritten. The legs travel in one `_msearch`; standard and knn retrievers
and plain queries go to the target as they are.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch, NotFoundError

from headpond.errors import InputError, PipelineError, TargetError
from headpond.pipeline import search_template
from headpond.pipeline.api_error import describe
from headpond.pipeline.field_models import OTHER_MODEL, FieldModels
from headpond.pipeline.query_text import query_text, without_ext
from headpond.pipeline.query_vectors import embed, fill
from headpond.pipeline.reranker import DeadlineReranker
from headpond.pipeline.retrieve.run import Run, shared
from headpond.pipeline.retrieve.tree import COMPOUND, WINDOW, is_compound, parse
from headpond.pipeline.search_filter import with_filter
from headpond.pipeline.spec import PipelineSpec
from headpond.stages.response.base import Degraded, Results
from headpond.stages.where import Where

Answer = dict[str, Any]
Body = dict[str, Any]
_SIZE = 10


def search(
    spec: PipelineSpec,
    client: Elasticsearch,
    index: str,
    text: str,
    *,
    size: int = _SIZE,
    from_: int = 0,
    filter: Mapping[str, Any] | None = None,
    models: FieldModels | None = None,
) -> Answer:
    """Searches and runs the response processors.

    Args:
        spec: the pipeline.
        client: of the target.
        index: where to search.
        text: the query.
        size: how many hits to return.
        from_: how many of the first hits to leave out.
        filter: a query that restricts the hits.
        models: of the fields of `index`; kept by who searches often.

    Returns:
        A `_search` answer. Hits that a stage has ranked carry `_headpond` (see `stages.response.rerank`); `degraded` is
        there when a stage or a leg could not do its work, `[{"stage", "reason", "spent_ms"}]`.

    Raises:
        InputError: the text is blank or no text, or size or from_ are out of range.
        PipelineError: the pipeline cannot search, the target refuses its query, or the index holds vectors of another
            model.
        TargetError: the target or the index is not there.
    """
    if spec.file.search is None:
        raise spec.where.error("the pipeline has no `search`, so it cannot be searched")
    if not text.strip():
        raise InputError("there is nothing to search for: the text is blank")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InputError("the text to search for is not UTF-8") from None
    if not 0 < size <= 10_000 or from_ < 0:
        raise InputError(f"size is 1 to 10000 and from 0 or more, not {size} and {from_}")
    where = spec.where.at("search")
    body = search_template.render(spec.file.search, {"query": text, "size": size}, where)
    if filter is not None:
        body = with_filter(body, dict(filter))
    body |= {"size": size, "from": from_}
    _check_window(body, where)
    wide = widened(spec, body)
    try:
        answer = _run(spec, client, index, wide, models or FieldModels(client, index))
    except NotFoundError:
        raise TargetError(f"there is no index [{index}]", hint=f"headpond ingest {spec.name} FILE") from None
    except ApiError as error:
        if error.meta.status < 500:
            raise PipelineError(f"the target refuses the query: {describe(error)}", where=str(where)) from None
        raise TargetError(f"the search failed: {describe(error)}") from None
    except TransportError as error:
        raise TargetError(f"the target does not answer: {describe(error)}", transient=True) from None
    return _finish(spec, client, answer, text, body)


def widened(spec: PipelineSpec, body: Body) -> Body:
    """A `_search` body that asks for as many hits as the response processors want to see.

    Send this in the place of a body whose answer goes to `process`, which cuts it to what was asked for. OpenSearch's
    `ext.rerank` is taken out, as Elasticsearch does not know it.
    """
    body = without_ext(body)
    window = max((stage.window for stage in spec.response_processors), default=0)
    if not window or body.get("size") == 0:
        return body
    # Elasticsearch refuses to be asked for more than a compound retriever ranks.
    most = _rank_window(body)
    wanted = body.get("from", 0) + body.get("size", _SIZE)
    return {**body, "from": 0, "size": max(wanted, window if most is None else min(window, most))}


def process(spec: PipelineSpec, client: Elasticsearch, body: Body, answer: Answer, *, wide: bool = False) -> Answer:
    """Runs the response processors over the answer to any `_search`.

    Args:
        spec: the pipeline.
        client: makes the processors' own calls.
        body: what was asked, before `widened`.
        answer: what came back.
        wide: whether the answer is to `widened(spec, body)`; it is then cut to the page that `body` asks for.

    Returns:
        The answer with its hits processed. Never raises for what an endpoint does; see `degraded`.
    """
    if not spec.response_processors or not isinstance(answer.get("hits"), dict):
        return answer
    page = body if wide else {"size": len(answer["hits"].get("hits", []))}
    return _finish(spec, client, answer, query_text(body), page)


def _run(spec: PipelineSpec, client: Elasticsearch, index: str, body: Body, models: FieldModels) -> Answer:
    retriever = body.get("retriever")
    if retriever is None or not is_compound(retriever):
        if wrong := models.mismatch(body):
            raise PipelineError(wrong, where=str(spec.where.at("search")) or None, hint=OTHER_MODEL)
        filled = fill(body, embed(client, [body]))
        return dict(client.search(index=index, body=filled).body)
    started = time.monotonic()
    tree = parse(retriever, spec.where.at("search", "retriever"), body["size"])
    run = Run(client, index, shared(body), models)
    hits = run.execute(tree)
    if "min_score" in body:
        hits = [hit for hit in hits if np.float32(hit["_score"]) >= np.float32(body["min_score"])]
    answer: Answer = {
        "took": round((time.monotonic() - started) * 1000),
        "timed_out": run.timed_out,
        "_shards": run.shards or {"total": 0, "successful": 0, "skipped": 0, "failed": 0},
        "hits": {"total": {"value": len(hits), "relation": "eq"}, "max_score": None, "hits": hits[: body["size"]]},
    }
    if run.degraded:
        answer["degraded"] = [item.to_json() for item in run.degraded]
    return answer


def _check_window(body: Body, where: Where) -> None:
    """Refuses to look for more hits than a compound retriever gives, as Elasticsearch does."""
    window = _rank_window(body)
    if window is not None and window < body["size"]:
        kind = next(iter(body["retriever"]))
        message = f"[{kind}] requires [rank_window_size: {window}] be greater than or equal to [size: {body['size']}]"
        raise where.at("retriever", kind).error(message, hint="raise rank_window_size in the pipeline, or ask for less")


def _rank_window(body: Body) -> int | None:
    """How many hits a body's retriever ranks, when it is a compound one."""
    retriever = body.get("retriever")
    if not isinstance(retriever, dict) or not retriever:
        return None
    kind, options = next(iter(retriever.items()))
    window = options.get("rank_window_size", WINDOW) if kind in COMPOUND and isinstance(options, dict) else None
    return window if isinstance(window, int) else None


def _finish(spec: PipelineSpec, client: Elasticsearch, answer: Answer, text: str | None, page: Body) -> Answer:
    """Passes the hits through the stages and cuts them to the page."""
    results = Results(list(answer["hits"]["hits"]), text, DeadlineReranker(client))
    for stage in spec.response_processors:
        try:
            stage.process(results)
        except Exception as error:  # a fault of a stage must not cost the search
            results.degraded.append(Degraded(stage.name, f"{type(error).__name__}: {error}", 0))
    first = page.get("from", 0)
    hits = results.hits[first : first + page.get("size", _SIZE)]
    answer["hits"] = {**answer["hits"], "hits": hits, "max_score": _best(results.hits)}
    if results.degraded:
        answer["degraded"] = [*answer.get("degraded", []), *(item.to_json() for item in results.degraded)]
    return answer


def _best(hits: Sequence[Mapping[str, Any]]) -> float | None:
    scores = [hit["_score"] for hit in hits if hit.get("_score") is not None]
    return max(scores, default=None)
