"""Where a pipeline names inference endpoints, and what each place needs the endpoint to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from headpond.pipeline.spec import PipelineFile, PipelineSpec
from headpond.stages.where import Where

EMBEDS = frozenset({"text_embedding", "sparse_embedding", "completion"})
SECTIONS = ("processors", "on_failure", "pipelines", "search", "request_processors", "response_processors")
"""Sections of a file that name endpoints."""
_PLACES = {
    # (key that holds the id, the key above it) -> task types that fit there
    ("model_id", "inference"): EMBEDS,
    ("model_id", "text_embedding"): frozenset({"text_embedding"}),
    ("inference_id", "sparse_vector"): frozenset({"sparse_embedding"}),
    ("inference_id", "text_similarity_reranker"): frozenset({"rerank"}),
    ("inference_id", "rerank"): frozenset({"rerank"}),
    ("inference_id", "fallback"): frozenset({"rerank"}),
    ("inference_id", "best_chunk"): frozenset({"text_embedding"}),
    ("inference_id", "completion"): frozenset({"completion"}),
    ("inference_id", "diversify"): frozenset({"text_embedding"}),
}


@dataclass(frozen=True, slots=True)
class Reference:
    """One place that names an endpoint.

    Attributes:
        inference_id: the endpoint.
        task_types: what it may do.
        holder: the object with the id.
        key: the id's key there.
        where: the place in the file.
    """

    inference_id: str
    task_types: frozenset[str]
    holder: dict[str, Any]
    key: str
    where: Where


def references(file: PipelineFile, where: Where) -> Iterator[Reference]:
    """Every place of a pipeline that names an endpoint, in the file's order."""
    for section in SECTIONS:
        yield from _walk(getattr(file, section), where.at(section), "")


def endpoint_ids(spec: PipelineSpec) -> list[str]:
    """Every endpoint the pipeline needs, each once: those it names, and those its stages say they need."""
    found = dict.fromkeys(reference.inference_id for reference in references(spec.file, spec.where))
    found |= dict.fromkeys(spec.processors.endpoints())
    for stage in spec.request_processors:
        found |= dict.fromkeys(stage.endpoints())
    for processor in spec.response_processors:
        found |= dict.fromkeys(processor.endpoints())
    return list(found)


def _walk(node: Any, where: Where, above: str) -> Iterator[Reference]:
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from _walk(item, where.at(index), above)
    if not isinstance(node, dict):
        return
    for key, value in node.items():
        task_types = _PLACES.get((key, above))
        if task_types is not None and isinstance(value, str):
            yield Reference(value, task_types, node, key, where.at(key))
        else:
            yield from _walk(value, where.at(key), key)
