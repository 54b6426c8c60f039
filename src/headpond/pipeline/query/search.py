"""Search by words: the pipeline's `search` filled in and sent through its query side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from elastic_transport import TransportError
from elasticsearch import ApiError

from headpond.errors import InputError, PipelineError, TargetError
from headpond.pipeline.api_error import describe
from headpond.pipeline.query import template
from headpond.pipeline.query.missing import MissingIndexError, explained, missing
from headpond.pipeline.query.searcher import Searcher
from headpond.pipeline.query.searches import Answer, IndexSearches
from headpond.pipeline.query.widen import SIZE
from headpond.stages.filter import with_filter


def search(
    searcher: Searcher,
    searches: IndexSearches,
    text: str,
    *,
    size: int = SIZE,
    from_: int = 0,
    filter: Mapping[str, Any] | None = None,
    seconds: float | None = None,
    explain: bool = False,
    on_piece: Callable[[str], None] | None = None,
) -> Answer:
    """Searches and runs the pipeline's processors.

    Args:
        searcher: the pipeline's query side.
        searches: where to search.
        text: the query.
        size: how many hits to return.
        from_: how many of the first hits to leave out.
        filter: a query that restricts the hits.
        seconds: how long it may take; None for the pipeline's `deadline`.
        explain: whether hits say what each leg of a compound retriever added, in `_headpond.legs`.
        on_piece: takes the pieces of a text that a processor writes, while it comes.

    Returns:
        A `_search` answer. Hits that a stage has ranked carry `_headpond` (see `stages.response.rerank`); `degraded` is
        there when a stage or a leg could not do its work, `[{"stage", "reason", "spent_ms"}]`.

    Raises:
        InputError: the text is blank or no text, or size or from_ are out of range.
        PipelineError: the pipeline cannot search, the target refuses its query, or the index holds vectors of another
            model.
        TargetError: the target or the index is not there.
    """
    spec = searcher.spec
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
    body = template.render(spec.file.search, {"query": text, "size": size}, where)
    if filter is not None:
        body = with_filter(body, dict(filter))
    body |= {"size": size, "from": from_}
    try:
        return searcher.run(searches, body, text, seconds=seconds, explain=explain, on_piece=on_piece)
    except MissingIndexError as gone:
        raise explained(gone, searches.client, spec) from None
    except ApiError as error:
        cause = error.body.get("error") if isinstance(error.body, dict) else None
        if (index := missing(cause)) is not None:
            raise explained(index, searches.client, spec) from None
        if error.meta.status < 500:
            raise PipelineError(f"the target refuses the query: {describe(error)}", where=str(where)) from None
        raise TargetError(f"the search failed: {describe(error)}") from None
    except TransportError as error:
        raise TargetError(f"the target does not answer: {describe(error)}", transient=True) from None
