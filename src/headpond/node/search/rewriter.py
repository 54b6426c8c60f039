"""Puts into a query what an inference endpoint has to say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headpond.errors import RestError
from headpond.inference.results import Rerank, SparseEmbedding, TextEmbedding
from headpond.inference.task_type import TaskType

if TYPE_CHECKING:
    from headpond.node.inference import Inference


class Rewriter:
    """Asks the node's inference endpoints, each question once in a search.

    Args:
        inference: the node's endpoints.
    """

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._vectors: dict[tuple[str, str], tuple[float, ...]] = {}
        self._weights: dict[tuple[str, str], tuple[tuple[str, float], ...]] = {}

    def embed(self, inference_id: str, text: str) -> tuple[float, ...]:
        """The dense vector of a query text.

        Raises:
            RestError: what the endpoint says, or 400 when it is not one of `text_embedding`.
        """
        key = (inference_id, text)
        if key not in self._vectors:
            result = self._inference.infer(inference_id, None, {"input": [text], "input_type": "search"})
            if not isinstance(result, TextEmbedding):
                reason = f"expected a result of type [text_embedding] from the inference endpoint [{inference_id}]"
                raise RestError(400, "illegal_argument_exception", reason)
            self._vectors[key] = tuple(result.vectors[0].tolist())
        return self._vectors[key]

    def weigh(self, inference_id: str, text: str) -> tuple[tuple[str, float], ...]:
        """The weighted tokens of a query text.

        Raises:
            RestError: what the endpoint says, or 400 when it is not one of `sparse_embedding`.
        """
        key = (inference_id, text)
        if key not in self._weights:
            result = self._inference.infer(inference_id, None, {"input": [text], "input_type": "search"})
            if not isinstance(result, SparseEmbedding):
                reason = f"expected a result of type [sparse_embedding] from the inference endpoint [{inference_id}]"
                raise RestError(400, "illegal_argument_exception", reason)
            self._weights[key] = tuple(result.vectors[0].weights.items())
        return self._weights[key]

    def rank(self, inference_id: str, query: str, texts: list[str]) -> list[float]:
        """The relevance of each text to the query, on the scale of the endpoint's model.

        Raises:
            RestError: what the endpoint says, 400 when it is not one of `rerank`.
        """
        result = self._inference.infer(inference_id, TaskType.RERANK, {"query": query, "input": texts})
        if not isinstance(result, Rerank):
            reason = f"expected a result of type [rerank] from the inference endpoint [{inference_id}]"
            raise RestError(400, "illegal_argument_exception", reason)
        scores = {item.index: item.relevance_score for item in result.ranked}
        return [scores[index] for index in range(len(texts)) if index in scores]
