"""A language model without a model: it answers with the beginning of what it was told."""

from __future__ import annotations

from headpond.inference.chat import ChatRequest
from headpond.inference.chunks import ChatChunk

WORDS = 20


def reply(text: str) -> str:
    """The first words of a text, one blank between them."""
    return " ".join(text.split()[:WORDS])


def pieces(text: str) -> list[str]:
    """The reply word by word, as a stream brings it; joined they are the reply."""
    first, *others = reply(text).split(" ")
    return [first, *(f" {word}" for word in others)]


def conversation(request: ChatRequest, model: str) -> list[ChatChunk]:
    """The reply to the last message, as a chat completion brings it: words, the end, what it cost."""
    said = request.messages[-1].text
    words = pieces(said)
    chunks = [ChatChunk.of_delta("fake", model, {"content": word}) for word in words]
    chunks[0] = ChatChunk.of_delta("fake", model, {"content": words[0], "role": "assistant"})
    chunks.append(ChatChunk.of_delta("fake", model, {}, "stop"))
    spent = sum(len(message.text.split()) for message in request.messages)
    return [*chunks, ChatChunk.of_usage("fake", model, spent, len(words))]
