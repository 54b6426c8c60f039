"""A search before it is sent, as request processors see it in tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from headpond.pipeline.query import template
from headpond.stages.inference import Embedding
from headpond.stages.request.base import Body, SearchRequest
from headpond.stages.where import Where

TEMPLATE: Body = {
    "query": {"multi_match": {"query": "{{query}}", "fields": ["title", "body"]}},
    "_source": {"excludes": ["dense"]},
}


class NoInference:
    """No endpoint is asked."""

    def rerank(self, inference_id: str, query: str, texts: Sequence[str], *, seconds: float) -> list[float]:
        raise AssertionError("nothing is to be ranked")

    def embed(self, inference_id: str, task_type: str, texts: Sequence[str], *, seconds: float) -> list[Embedding]:
        raise AssertionError("nothing is to be embedded")

    def complete(
        self, inference_id: str, prompt: str, *, seconds: float, on_piece: Callable[[str], None] | None = None
    ) -> str:
        raise AssertionError("nothing is to be written")


def render(body: Body | None, values: dict[str, Any]) -> Body:
    filled: Body = template.render(TEMPLATE if body is None else body, values, Where())
    return filled


def request(body: Body, query: str | None = "mill") -> SearchRequest:
    return SearchRequest(body, query, NoInference(), render)
