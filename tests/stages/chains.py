"""Building and running chains of processors in tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from headpond.stages.chain import Chain
from headpond.stages.inference import Embedding, InferenceFailure
from headpond.stages.ingest.base import Context
from headpond.stages.record import Record
from headpond.stages.where import Where


class Lengths:
    """Embeds a text as the number of its characters and words; refuses texts with the word poison."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def embed(self, inference_id: str, texts: Sequence[str]) -> list[Embedding | InferenceFailure]:
        self.asked.append(list(texts))
        return [self._one(text) for text in texts]

    @staticmethod
    def _one(text: str) -> Embedding | InferenceFailure:
        if "poison" in text:
            return InferenceFailure("not to my taste", 3)
        return np.array([len(text), len(text.split())], np.float32)


def run(processors: Sequence[Mapping[str, Any]], *documents: dict[str, Any]) -> list[Record]:
    """The records that the processors make of documents."""
    return run_with(Lengths(), processors, *documents)


def run_with(embedder: Lengths, processors: Sequence[Mapping[str, Any]], *documents: dict[str, Any]) -> list[Record]:
    records = [
        Record(dict(document), id=f"r{number}", metadata={"_id": f"r{number}"})
        for number, document in enumerate(documents)
    ]
    Chain.build(processors, Where("test.yaml").at("processors")).run(records, Context(embedder))
    return records


def document(processors: Sequence[Mapping[str, Any]], given: dict[str, Any]) -> dict[str, Any]:
    """What the processors make of one document that they do not refuse."""
    (record,) = run(processors, given)
    assert record.failure is None
    return record.document


def failure(processors: Sequence[Mapping[str, Any]], given: dict[str, Any]) -> str:
    """Why the processors refuse a document."""
    (record,) = run(processors, given)
    assert record.failure is not None
    return record.failure.error
