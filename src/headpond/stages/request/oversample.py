"""Looks for more hits than were asked for, as OpenSearch's processor of this name.

Response processors that leave hits out (`collapse`, `min_score`) then still fill the page. The answer is cut to the
page after the last of them; `truncate_hits` cuts earlier, so that what comes behind it has less to do.
"""

from __future__ import annotations

import math

from pydantic import Field

from headpond.stages.request.base import RequestProcessor, RequestProcessorSpec, SearchRequest

MOST = 10_000
"""Hits that Elasticsearch gives at most (`index.max_result_window`)."""


class OversampleSpec(RequestProcessorSpec):
    """Options of `oversample`."""

    sample_factor: float = Field(
        ge=1, allow_inf_nan=False, description="How many times as many hits; no more than the search's retriever ranks."
    )
    context_prefix: str | None = Field(
        None, description="Taken for the sake of OpenSearch's pipelines; the page that was asked for is known without."
    )


class Oversample(RequestProcessor[OversampleSpec]):
    """Widens a search."""

    Spec = OversampleSpec

    def process(self, request: SearchRequest) -> None:
        """Raises `request.window`."""
        size = request.body.get("size", 10)
        wanted = request.body.get("from", 0) + math.ceil(size * self.spec.sample_factor)
        request.window = max(request.window, min(MOST, wanted))
