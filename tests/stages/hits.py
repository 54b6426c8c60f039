"""Hits of a search and endpoints that answer as told, for tests of response processors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

from headpond.stages.inference import Embedding
from headpond.stages.response.base import Hit, ResponseProcessor, Results


def found(*sources: dict[str, Any]) -> list[Hit]:
    """Hits with these sources, ids from 0, scores that fall by one."""
    count = len(sources)
    return [
        {"_index": "things", "_id": str(place), "_score": float(count - place), "_source": source}
        for place, source in enumerate(sources)
    ]


def ids(results: Results) -> list[str]:
    return [hit["_id"] for hit in results.hits]


def reasons(results: Results) -> list[str]:
    return [item.reason for item in results.degraded]


def late(text: str) -> NoReturn:
    """An endpoint that does not answer in time."""
    raise TimeoutError


def ill(text: str) -> NoReturn:
    """An endpoint that fails."""
    raise RuntimeError("the model is ill")


class Endpoints:
    """Answers by functions; what was asked is kept."""

    def __init__(
        self,
        *,
        score: Callable[[str], float] | None = None,
        vector: Callable[[str], Sequence[float]] | None = None,
        write: Callable[[str], str] | None = None,
    ) -> None:
        self._score, self._vector, self._write = score, vector, write
        self.texts: list[str] = []
        self.prompts: list[str] = []
        self.seconds: list[float] = []

    def rerank(self, inference_id: str, query: str, texts: Sequence[str], *, seconds: float) -> list[float]:
        assert self._score is not None
        self.texts += texts
        self.seconds.append(seconds)
        return [self._score(text) for text in texts]

    def embed(self, inference_id: str, task_type: str, texts: Sequence[str], *, seconds: float) -> list[Embedding]:
        assert self._vector is not None
        self.texts += texts
        self.seconds.append(seconds)
        return [np.array(self._vector(text), np.float32) for text in texts]

    def complete(
        self, inference_id: str, prompt: str, *, seconds: float, on_piece: Callable[[str], None] | None = None
    ) -> str:
        assert self._write is not None
        self.prompts.append(prompt)
        self.seconds.append(seconds)
        text = self._write(prompt)
        if on_piece is not None:
            for piece in text.split(" "):
                on_piece(piece)
        return text


def run(
    kind: type[ResponseProcessor[Any]],
    hits: list[Hit],
    query: str | None = "the wheel of a mill",
    endpoints: Endpoints | None = None,
    **options: Any,
) -> Results:
    """The hits after one processor."""
    results = Results(hits, query, endpoints or Endpoints())
    stage = kind(kind.Spec.model_validate(options), f"response_processors[0].{kind.__name__}")
    stage.process(results)
    return results
