"""Google's embeddings: what their uses are called, and how Vertex AI is asked for them.

Sources: https://ai.google.dev/api/embeddings#tasktype,
https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from headpond.inference.input_type import InputType
from headpond.inference.results import TextEmbedding, Usage
from headpond.services._http.reading import floats, items, mapping, member, tokens

ANSWER = "Google Vertex AI embeddings"

TASKS: Mapping[InputType, str] = {
    InputType.INGEST: "RETRIEVAL_DOCUMENT",
    InputType.INTERNAL_INGEST: "RETRIEVAL_DOCUMENT",
    InputType.SEARCH: "RETRIEVAL_QUERY",
    InputType.INTERNAL_SEARCH: "RETRIEVAL_QUERY",
    InputType.CLASSIFICATION: "CLASSIFICATION",
    InputType.CLUSTERING: "CLUSTERING",
}


def predict_body(
    texts: Sequence[str], *, task: str | None, auto_truncate: bool | None, dimensions: int | None
) -> dict[str, Any]:
    """The request of Vertex AI's `predict`.

    Args:
        texts: what is embedded.
        task: one of `TASKS`, or None.
        auto_truncate: whether Google cuts longer texts; None for its default.
        dimensions: how long the vectors are to be; None for the model's own length.
    """
    shared = {} if task is None else {"task_type": task}
    given = {"autoTruncate": auto_truncate, "outputDimensionality": dimensions}
    parameters = {name: value for name, value in given.items() if value is not None}
    instances = [{"content": text, **shared} for text in texts]
    return {"instances": instances, **({"parameters": parameters} if parameters else {})}


def read_predictions(body: Any, count: int) -> TextEmbedding:
    """`predictions[].embeddings.values`, and the tokens of each text.

    Args:
        body: the parsed answer.
        count: how many there must be.

    Raises:
        MalformedError: it is no such answer.
    """
    found = [mapping(item, "embeddings", ANSWER) for item in items(body, "predictions", ANSWER)]
    rows = [member(item, "values", ANSWER) for item in found]
    counts = [_tokens(item) for item in found]
    spent = None if None in counts else sum(count for count in counts if count is not None)
    return TextEmbedding(floats(rows, count), Usage(count, spent))


def _tokens(embeddings: Mapping[str, Any]) -> int | None:
    statistics = embeddings.get("statistics")
    return tokens(statistics.get("token_count")) if isinstance(statistics, dict) else None
