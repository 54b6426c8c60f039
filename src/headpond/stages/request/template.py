"""Turns whatever search comes in into a search of the pipeline, by its words.

A framework's BM25 query becomes a hybrid one, without the framework knowing. The words come from the query. What
restricts its hits is kept as a filter: `filter` and `must_not` of its bool queries, clauses of `must` without the
words, filters of retrievers and of knn, and `post_filter`. `from` and `size` are kept, and so is how hits are shown
(`_source`, `fields`, `highlight` and their like), which wins over the template's.

A search without words goes through as it is, and so does one that is sorted by a field, pages with `search_after`,
collapses, rescores or counts with `aggs`: the template would give something else than what was asked for. The answer
then says so in `degraded`. `min_score` and the boosts of the query are dropped: they belong to other scores.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from headpond.stages.degraded import Degraded
from headpond.stages.filter import with_filter
from headpond.stages.request._restriction import restriction
from headpond.stages.request.base import Body, RequestProcessor, RequestProcessorSpec, SearchRequest

SHOWN = (
    "_source", "docvalue_fields", "explain", "ext", "fields", "highlight", "runtime_mappings", "script_fields",
    "seq_no_primary_term", "stored_fields", "timeout", "track_total_hits", "version",
)  # fmt: skip
_OTHERS = (
    "aggregations", "aggs", "collapse", "indices_boost", "pit", "rescore", "search_after", "slice", "sort", "suggest",
)  # fmt: skip


class TemplateSpec(RequestProcessorSpec):
    """Options of `template`."""

    search: dict[str, Any] | None = Field(
        None,
        min_length=1,
        description="A `_search` body with `{{query}}` and `{{size}}`; the pipeline's `search` when left out.",
    )


class Template(RequestProcessor[TemplateSpec]):
    """Fills a template with the words of a search."""

    Spec = TemplateSpec

    def process(self, request: SearchRequest) -> None:
        """Replaces the body.

        Raises:
            PipelineError: there is no template, or it takes no filter.
        """
        asked = request.body
        if asked.get("size") == 0:
            return
        if asked.get("sort") == ["_score"] or asked.get("sort") == "_score":
            asked = {key: value for key, value in asked.items() if key != "sort"}
        other = next((key for key in _OTHERS if asked.get(key)), None)
        if request.query is None or not request.query.strip() or other is not None:
            reason = f"the search has [{other}]" if other else "the search has no words"
            request.degraded.append(Degraded(self.name, f"{reason}, so it was sent as it is", 0))
            return
        request.body = self._filled(request, asked, request.query)

    def _filled(self, request: SearchRequest, asked: Body, text: str) -> Body:
        page = {"from": asked.get("from", 0), "size": asked.get("size", 10)}
        body = request.template(self.spec.search, {"query": text, "size": page["from"] + page["size"]})
        if (query := restriction(asked, text)) is not None:
            body = with_filter(body, query)
        return body | page | {key: asked[key] for key in SHOWN if key in asked}
