"""What a job hands to processors; the one place of the pipelines that knows where tokenizers of local models are."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from headpond.models.token_spans import token_spans
from headpond.stages.inference import Embedder
from headpond.stages.ingest.base import Context


def context(
    embedder: Embedder,
    fingerprints: Mapping[str, str] | None = None,
    count: Callable[[str, int], None] = lambda name, amount: None,
) -> Context:
    """A context.

    Args:
        embedder: asks endpoints.
        fingerprints: the models behind them, by endpoint.
        count: adds to a count of the job.
    """
    return Context(embedder, fingerprints or {}, tokens=token_spans, count=count)
