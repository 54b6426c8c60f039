"""What the models on Vertex AI speak: Google's own Gemini's format, those of the Model Garden their makers'.

Which maker's models speak what is Elasticsearch's `GoogleModelGardenProvider`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from headpond.inference.chat import ChatRequest
from headpond.inference.chunks import ChatChunk, Deltas
from headpond.inference.results import Completion
from headpond.services._anthropic import answers as anthropic
from headpond.services._anthropic import messages
from headpond.services._google import answers as gemini
from headpond.services._google import conversation
from headpond.services._http.events import Event
from headpond.services._openai import chat

GOOGLE = "google"

MAX_TOKENS = 1024
"""What Claude gets unless the user says; it answers nothing without."""

ANTHROPIC_VERSION = "vertex-2023-10-16"

Settings = Mapping[str, Any]
ReadChunks = Callable[[Event], list[ChatChunk]]


class _Completion(Protocol):
    def __call__(self, text: str, model: str | None, settings: Settings, *, stream: bool) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Language:
    """One wire format.

    Attributes:
        completion: the request of a completion, made of the text, the model's name and task settings.
        chat: the request of a chat completion, made of the conversation, the model's name and task settings.
        read_completion: reads an answer in one piece.
        read_deltas: reads one event of a completion.
        chunks: makes what reads the events of one chat completion.
    """

    completion: _Completion
    chat: Callable[[ChatRequest, str | None, Settings], dict[str, Any]]
    read_completion: Callable[[Any], Completion]
    read_deltas: Callable[[Event], list[Deltas]]
    chunks: Callable[[], ReadChunks]


def _gemini_completion(text: str, model: str | None, settings: Settings, *, stream: bool) -> dict[str, Any]:
    config = conversation.generation_config(settings)
    return {"contents": [conversation.content(text)], **({"generationConfig": config} if config else {})}


def _gemini_chat(request: ChatRequest, model: str | None, settings: Settings) -> dict[str, Any]:
    return conversation.chat_body(request, settings)


def _claude_completion(text: str, model: str | None, settings: Settings, *, stream: bool) -> dict[str, Any]:
    body = messages.completion_body(text, _claude(settings))
    return {"anthropic_version": ANTHROPIC_VERSION, **body, "stream": stream}


def _claude_chat(request: ChatRequest, model: str | None, settings: Settings) -> dict[str, Any]:
    return {"anthropic_version": ANTHROPIC_VERSION, **messages.chat_body(request, _claude(settings)), "stream": True}


def _claude(settings: Settings) -> Settings:
    return {"max_tokens": settings.get("max_tokens", MAX_TOKENS)}


def _openai(*, stream_options: bool) -> Language:
    def completion(text: str, model: str | None, settings: Settings, *, stream: bool) -> dict[str, Any]:
        return chat.completion_body(text, model, {}, stream=stream, stream_options=stream_options)

    def conversed(request: ChatRequest, model: str | None, settings: Settings) -> dict[str, Any]:
        return chat.chat_body(request, model, {}, tokens_member="max_tokens", stream_options=stream_options)

    return Language(completion, conversed, chat.read_completion, chat.read_deltas, lambda: chat.read_chunk)


LANGUAGES: Mapping[str, Language] = {
    GOOGLE: Language(
        _gemini_completion,
        _gemini_chat,
        gemini.read_completion,
        gemini.read_deltas,
        lambda: gemini.Chunks().read,
    ),
    "anthropic": Language(
        _claude_completion,
        _claude_chat,
        anthropic.read_completion,
        anthropic.read_deltas,
        lambda: anthropic.Chunks().read,
    ),
    "meta": _openai(stream_options=False),
    "hugging_face": _openai(stream_options=True),
    "mistral": _openai(stream_options=False),
    "ai21": _openai(stream_options=True),
}
"""By the setting `provider`, in lower case."""
