"""`text_similarity_reranker`: orders the best documents of a retriever by an inference endpoint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from headpond.errors import RestError
from headpond.node.query._object import OBJECTS, Member, boolean, read_members, text
from headpond.node.retriever._compound import MEMBERS, CompoundRetriever
from headpond.node.retriever._context import Context
from headpond.node.retriever.base import parse_child, renamed
from headpond.node.search.found import Found, Results
from headpond.node.search.json import Json
from headpond.ranking import positive

DEFAULT_ENDPOINT = ".rerank-v1-elasticsearch"


@dataclass(frozen=True, kw_only=True)
class TextSimilarityReranker(CompoundRetriever):
    """Scores the text of the best documents against a text; documents without the field are left out.

    Attributes:
        inference_id: an endpoint of task type rerank.
        inference_text: what the documents are compared with.
        field: the field that is sent.
        allow_rerank_failures: whether the child's order stands when the endpoint fails.
    """

    type = "text_similarity_reranker"

    inference_text: str
    field: str
    inference_id: str = DEFAULT_ENDPOINT
    allow_rerank_failures: bool = False

    @classmethod
    def parse(cls, source: Json) -> Self:
        """Reads `{"retriever": {...}, "field": "body", "inference_id": "...", "inference_text": "..."}`."""
        members = {
            **MEMBERS,
            "retriever": Member(OBJECTS, parse_child),
            "inference_id": text(),
            "inference_text": text(),
            "field": text(),
            "allow_rerank_failures": boolean(),
            "chunk_rescorer": Member(OBJECTS, _refuse_chunks),
        }
        required = ("retriever", "inference_text", "field")
        values: dict[str, Any] = renamed(read_members(source, cls.type, members, required))
        return cls(children=(values.pop("retriever"),), **values)

    def combine(self, context: Context, legs: Sequence[Results]) -> list[Found]:
        """The documents by the endpoint's scores; equal ones by index, then by document."""
        hits = legs[0].hits
        texts = [context.text(hit.place, self.field) for hit in hits]
        asked = [(hit, found) for hit, found in zip(hits, texts, strict=True) if found is not None]
        if not asked:
            return []
        try:
            scores = self._scores(context, [found for _, found in asked])
        except RestError as error:
            if self.allow_rerank_failures:
                return hits
            reason = "Computing updated ranks for results failed"
            raise RestError(error.status, "search_phase_execution_exception", reason, caused_by=error) from None
        ranked = [
            Found(hit.place, positive(score))
            for (hit, _), score in zip(asked, scores, strict=True)
            if self.min_score is None or score >= self.min_score
        ]
        return sorted(ranked, key=lambda hit: (-hit.score, hit.place))

    def _scores(self, context: Context, texts: list[str]) -> list[float]:
        ranked = context.rewriter.rank(self.inference_id, self.inference_text, texts)
        if len(ranked) != len(texts):
            reason = (
                f"Reranker input document count and returned score count mismatch: [{len(texts)}] vs [{len(ranked)}]"
            )
            raise RestError(500, "illegal_state_exception", reason)
        return ranked


def _refuse_chunks(source: Json) -> None:
    raise RestError(501, "not_implemented_exception", "[chunk_rescorer] is not implemented")
