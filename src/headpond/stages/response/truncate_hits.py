"""Keeps the first hits only, as OpenSearch's processor of this name.

An answer is cut to the page that was asked for in any case; cut here, what comes behind it has less to do, and no
answer is longer than this.
"""

from __future__ import annotations

from pydantic import Field

from headpond.stages.response.base import ResponseProcessor, ResponseProcessorSpec, Results


class TruncateHitsSpec(ResponseProcessorSpec):
    """Options of `truncate_hits`."""

    target_size: int | None = Field(
        None, ge=0, description="How many hits are kept; as many as the page needs when left out."
    )
    context_prefix: str | None = Field(
        None, description="Taken for the sake of OpenSearch's pipelines; the page that was asked for is known without."
    )


class TruncateHits(ResponseProcessor[TruncateHitsSpec]):
    """Cuts the hits."""

    Spec = TruncateHitsSpec

    def process(self, results: Results) -> None:
        """Takes out the hits behind the last one that is kept."""
        size = results.size if self.spec.target_size is None else self.spec.target_size
        del results.hits[size:]
