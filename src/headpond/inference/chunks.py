"""What streams of completions are made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Deltas:
    """The next pieces of a completion's text, as they came in one event of the provider."""

    texts: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """`{"completion": [{"delta": "..."}, ...]}`."""
        return {"completion": [{"delta": text} for text in self.texts]}


@dataclass(frozen=True, slots=True)
class ChatChunk:
    """A piece of a chat completion, in the shape of OpenAI's `chat.completion.chunk`.

    Attributes:
        id: the same in all chunks of one answer.
        model: the model that answers.
        choices: `{"delta": {"content"?, "refusal"?, "role"?, "tool_calls"?}, "finish_reason"?, "index"}`; empty in the
            chunk that carries the usage.
        usage: `{"completion_tokens", "prompt_tokens", "total_tokens"}`; in the last chunk.
    """

    id: str
    model: str
    choices: tuple[Mapping[str, Any], ...] = ()
    usage: Mapping[str, int] | None = None

    @classmethod
    def of_delta(cls, id: str, model: str, delta: Mapping[str, Any], finish_reason: str | None = None) -> ChatChunk:
        """A chunk of the first choice."""
        choice: dict[str, Any] = {"delta": dict(delta)}
        if finish_reason is not None:
            choice["finish_reason"] = finish_reason
        return cls(id, model, ({**choice, "index": 0},))

    @classmethod
    def of_usage(cls, id: str, model: str, prompt_tokens: int, completion_tokens: int) -> ChatChunk:
        """The chunk that says what the answer cost."""
        total = prompt_tokens + completion_tokens
        usage = {"completion_tokens": completion_tokens, "prompt_tokens": prompt_tokens, "total_tokens": total}
        return cls(id, model, (), usage)

    def to_json(self) -> dict[str, Any]:
        """The chunk without what it has not."""
        shown: dict[str, Any] = {
            "id": self.id,
            "choices": [dict(choice) for choice in self.choices],
            "model": self.model,
            "object": "chat.completion.chunk",
        }
        if self.usage is not None:
            shown["usage"] = dict(self.usage)
        return shown


Chunk = Deltas | ChatChunk


class Stream(Protocol):
    """Chunks as they come; an iterator that can be ended from any thread.

    Iterating raises `RestError` when the provider fails on the way.
    """

    def __iter__(self) -> Iterator[Chunk]:
        """The chunks, once."""

    def close(self) -> None:
        """Ends the provider's work; a read that waits for it returns. May be called twice, and after the end."""
