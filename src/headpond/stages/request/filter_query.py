"""Restricts every search with a further query, as OpenSearch's processor of this name.

The filter holds in every leg of a compound retriever and in every knn section. A body that it cannot be added to is not
sent at all, so that nothing is found that must not be.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from headpond.errors import PipelineError
from headpond.stages.filter import with_filter
from headpond.stages.request.base import RequestProcessor, RequestProcessorSpec, SearchRequest


class FilterQuerySpec(RequestProcessorSpec):
    """Options of `filter_query`."""

    query: dict[str, Any] = Field(
        min_length=1, description="What hits must match as well; `{{query}}` and `{{size}}` are filled in."
    )


class FilterQuery(RequestProcessor[FilterQuerySpec]):
    """Adds a filter to a search."""

    Spec = FilterQuerySpec

    def process(self, request: SearchRequest) -> None:
        """Adds the filter.

        Raises:
            PipelineError: the body takes no filter, or the filter needs the words of a search that has none.
        """
        size = request.body.get("size", 10)
        query = request.template(self.spec.query, {"query": request.query, "size": size})
        if request.query is None and request.template(self.spec.query, {"query": "", "size": size}) != query:
            raise PipelineError(f"{self.name} needs the words of the search, and it has none")
        request.body = with_filter(request.body, query)
