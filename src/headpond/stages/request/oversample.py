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
        None, min_length=1, description="Keeps the size that was asked for apart from that of another `oversample`."
    )


class Oversample(RequestProcessor[OversampleSpec]):
    """Widens a search."""

    Spec = OversampleSpec

    def process(self, request: SearchRequest) -> None:
        """Raises `request.window` and leaves `original_size` in the context."""
        size = request.body.get("size", 10)
        request.context[original_size(self.spec.context_prefix)] = size
        wanted = request.body.get("from", 0) + math.ceil(size * self.spec.sample_factor)
        request.window = max(request.window, min(MOST, wanted))


def original_size(prefix: str | None) -> str:
    """The name under which the size that was asked for is kept for response processors."""
    return f"{prefix}.original_size" if prefix else "original_size"
