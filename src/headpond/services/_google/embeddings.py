"""What Google calls the uses of embeddings (https://ai.google.dev/api/embeddings#tasktype)."""

from __future__ import annotations

from collections.abc import Mapping

from headpond.inference.input_type import InputType

TASKS: Mapping[InputType, str] = {
    InputType.INGEST: "RETRIEVAL_DOCUMENT",
    InputType.INTERNAL_INGEST: "RETRIEVAL_DOCUMENT",
    InputType.SEARCH: "RETRIEVAL_QUERY",
    InputType.INTERNAL_SEARCH: "RETRIEVAL_QUERY",
    InputType.CLASSIFICATION: "CLASSIFICATION",
    InputType.CLUSTERING: "CLUSTERING",
}
