"""What `inference` processors in a node ask: the node's own endpoints, in process."""

from __future__ import annotations

from collections.abc import Sequence

from headpond.errors import RestError
from headpond.inference.results import Completion, Result, SparseEmbedding, TextEmbedding
from headpond.inference.task_type import TaskType
from headpond.node.inference import Inference
from headpond.stages.inference import Embedding, InferenceFailure
from headpond.stages.java import shortest_float

Outcome = Embedding | InferenceFailure

TIMEOUT = "120s"
"""For one request."""
AT_ONCE = 64
"""Texts in a request."""


class NodeEmbedder:
    """Asks endpoints of the node.

    Args:
        inference: the node's.
    """

    def __init__(self, inference: Inference) -> None:
        self._inference = inference

    def embed(self, inference_id: str, texts: Sequence[str]) -> list[Outcome]:
        """One outcome for each text, in order; a request that is refused is halved until the culprit is alone."""
        try:
            task_type = TaskType(self._inference.get(inference_id)["task_type"])
        except RestError as error:
            return [_failure(error)] * len(texts)
        wanted = list(dict.fromkeys(texts))
        most = 1 if task_type is TaskType.COMPLETION else AT_ONCE
        outcomes: dict[str, Outcome] = {}
        for begin in range(0, len(wanted), most):
            some = wanted[begin : begin + most]
            outcomes |= zip(some, self._ask(inference_id, task_type, some), strict=True)
        return [outcomes[text] for text in texts]

    def _ask(self, inference_id: str, task_type: TaskType, texts: list[str]) -> list[Outcome]:
        body = {"input": texts, **({"input_type": "ingest"} if task_type is TaskType.TEXT_EMBEDDING else {})}
        try:
            return _outcomes(self._inference.infer(inference_id, task_type, body, TIMEOUT))
        except RestError as error:
            if len(texts) == 1 or not _of_an_input(error):
                return [_failure(error)] * len(texts)
        half = len(texts) // 2
        first = self._ask(inference_id, task_type, texts[:half])
        return first + self._ask(inference_id, task_type, texts[half:])


def _outcomes(result: Result) -> list[Outcome]:
    if isinstance(result, TextEmbedding):
        return list(result.vectors)
    if isinstance(result, SparseEmbedding):
        return [{token: shortest_float(weight) for token, weight in one.weights.items()} for one in result.vectors]
    if isinstance(result, Completion):
        return [result.texts[0] if result.texts else ""]
    reason = "an inference processor needs an endpoint that embeds or completes texts, this one ranks"
    raise RestError(400, "illegal_argument_exception", reason)


def _of_an_input(error: RestError) -> bool:
    """Whether one text may be what the request failed for."""
    return 400 <= error.status < 500 and error.status not in (401, 403, 404, 408, 429)


def _failure(error: RestError) -> InferenceFailure:
    return InferenceFailure(error.reason, 1, error)
