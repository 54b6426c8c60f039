"""What an inference endpoint does."""

from __future__ import annotations

from enum import StrEnum

from headpond.errors import RestError
from headpond.inference.invalid import not_implemented


class TaskType(StrEnum):
    """A task type of the `_inference` API; `ANY` stands for "as the endpoint says" and is never stored."""

    TEXT_EMBEDDING = "text_embedding"
    SPARSE_EMBEDDING = "sparse_embedding"
    RERANK = "rerank"
    COMPLETION = "completion"
    CHAT_COMPLETION = "chat_completion"
    ANY = "any"

    @classmethod
    def parse(cls, text: str) -> TaskType:
        """Reads a task type as Elasticsearch does: blanks around it and upper case are fine.

        Raises:
            RestError: 400, there is no such task type; 501 for `embedding`, which Elasticsearch has from 9.4.
        """
        name = text.strip().lower()
        if name == "embedding":
            raise not_implemented("the task type [embedding]")
        try:
            return cls(name)
        except ValueError:
            raise RestError(400, "status_exception", f"Unknown task_type [{text}]") from None

    @property
    def embeds(self) -> bool:
        """Whether the answer is one embedding for each input (and chunking settings make sense)."""
        return self in (TaskType.TEXT_EMBEDDING, TaskType.SPARSE_EMBEDDING)
