"""One trained model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from headpond.inference.task_type import TaskType
from headpond.models.card import Prefixes
from headpond.models.vocabulary import Tokenization
from headpond.node.trained_models.tokenization import shown

VERSION = "12.0.0"
"""The version of configurations in Elasticsearch 9.2."""

INDEX = ".ml-inference-native-000002"
"""Where Elasticsearch keeps definitions; shown because clients may look at it, there is no such index here."""

TASKS: Mapping[str, TaskType] = {
    "text_embedding": TaskType.TEXT_EMBEDDING,
    "text_expansion": TaskType.SPARSE_EMBEDDING,
    "text_similarity": TaskType.RERANK,
}
"""What a trained model does, by the key of its `inference_config`, and the task type of the inference API."""


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """One model.

    Attributes:
        model_id: its id.
        task: the key of its `inference_config`.
        tokenization: how texts become its tokens.
        key: the folder of its files, new for every model of the same id.
        create_time: milliseconds since 1970.
        field_name: where a document holds its text.
        prefixes: what is put before a text by its use.
        description, tags, metadata, platform_architecture: kept and shown.
        embedding_size: the dimensions that the configuration states.
        results_field: the name of the result, instead of `predicted_value`.
        span_function: how windows of one text are combined; shown for text_similarity.
        model_size_bytes: as stated, or the definition's length once the first part is there.
    """

    model_id: str
    task: str
    tokenization: Tokenization
    key: str
    create_time: int
    field_name: str
    prefixes: Prefixes
    description: str | None = None
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, Any] | None = None
    platform_architecture: str | None = None
    embedding_size: int | None = None
    results_field: str | None = None
    span_function: str = "max"
    model_size_bytes: int = 0

    @property
    def task_type(self) -> TaskType:
        """What it does in the inference API."""
        return TASKS[self.task]

    def to_json(self, *, generated: bool = True) -> dict[str, Any]:
        """The model as PUT and GET show it.

        Args:
            generated: whether the members are there that another cluster would make by itself.
        """
        shown_: dict[str, Any] = {"model_id": self.model_id, "model_type": "pytorch"}
        if self.platform_architecture is not None:
            shown_["platform_architecture"] = self.platform_architecture
        if generated:
            shown_ |= {"created_by": "api_user", "version": VERSION, "create_time": self.create_time}
            shown_ |= {
                "model_size_bytes": self.model_size_bytes,
                "estimated_operations": 0,
                "license_level": "platinum",
            }
        if self.description is not None:
            shown_["description"] = self.description
        shown_["tags"] = list(self.tags)
        if self.metadata is not None:
            shown_["metadata"] = dict(self.metadata)
        shown_["input"] = {"field_names": [self.field_name]}
        shown_["inference_config"] = {self.task: self._config()}
        shown_["location"] = {"index": {"name": INDEX}}
        prefixes = {"ingest": self.prefixes.ingest, "search": self.prefixes.search}
        if any(prefixes.values()):
            shown_["prefix_strings"] = {use: text for use, text in prefixes.items() if text}
        return shown_

    def _config(self) -> dict[str, Any]:
        config: dict[str, Any] = {"vocabulary": {"index": INDEX}, "tokenization": shown(self.tokenization)}
        if self.results_field is not None:
            config["results_field"] = self.results_field
        if self.embedding_size is not None:
            config["embedding_size"] = self.embedding_size
        if self.task == "text_similarity":
            config["span_score_combination_function"] = self.span_function
        return config

    def to_stored(self) -> dict[str, Any]:
        """What is kept."""
        members = {field.name: getattr(self, field.name) for field in fields(self)}
        return {**members, "prefixes": self.prefixes.model_dump(), "tokenization": asdict(self.tokenization)}

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> TrainedModel:
        """The model that `to_stored` wrote."""
        members = dict(stored)
        members["tokenization"] = Tokenization(**members["tokenization"])
        members["prefixes"] = Prefixes(**members["prefixes"])
        members["tags"] = tuple(members["tags"])
        return cls(**members)
