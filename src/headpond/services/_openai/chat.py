"""OpenAI's chat completions: what is sent, and how answers and streams are read.

Source: https://platform.openai.com/docs/api-reference/chat.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headpond.errors import RestError
from headpond.inference.chat import ChatRequest
from headpond.inference.chunks import ChatChunk, Deltas
from headpond.inference.invalid import status_exception
from headpond.inference.results import Completion, Usage
from headpond.services._http.events import Event
from headpond.services._http.reading import items, json_object, member, total_tokens
from headpond.services._http.upstream import MalformedError

ANSWER = "OpenAI chat completions"


def completion_body(
    text: str, model: str | None, options: Mapping[str, Any], *, stream: bool, stream_options: bool = True
) -> dict[str, Any]:
    """The request of a completion: one message of the user.

    Args:
        text: the question.
        model: left out when None.
        options: further members.
        stream: whether the answer is to come piece by piece.
        stream_options: whether a stream is to end with a count of its tokens.
    """
    body = {"messages": [{"content": text, "role": "user"}]}
    return _body(body, model, options, stream=stream, stream_options=stream_options)


def chat_body(
    request: ChatRequest,
    model: str | None,
    options: Mapping[str, Any],
    *,
    tokens_member: str,
    stream_options: bool = True,
) -> dict[str, Any]:
    """The request of a chat completion, streamed.

    Args:
        request: the conversation; its own model wins.
        model: the endpoint's; left out when None.
        options: further members.
        tokens_member: what the provider calls `max_completion_tokens`.
        stream_options: whether the stream is to end with a count of its tokens.
    """
    body = request.to_json()
    limit = body.pop("max_completion_tokens", None)
    if limit is not None:
        body[tokens_member] = limit
    return _body(body, request.model or model, options, stream=True, stream_options=stream_options)


def _body(
    body: dict[str, Any], model: str | None, options: Mapping[str, Any], *, stream: bool, stream_options: bool
) -> dict[str, Any]:
    if model is not None:
        body["model"] = model
    body.update(options)
    body["stream"] = stream
    if stream and stream_options:
        body["stream_options"] = {"include_usage": True}
    return body


def read_completion(body: Any) -> Completion:
    """`choices[].message.content`, one text for each choice.

    Raises:
        MalformedError: there is none.
    """
    texts = []
    for choice in items(body, "choices", ANSWER):
        content = member(member(choice, "message", ANSWER), "content", ANSWER)
        if not isinstance(content, str):
            raise MalformedError(f"Field [content] in {ANSWER} response is not a text")
        texts.append(content)
    return Completion(tuple(texts), Usage(1, total_tokens(body)))


def read_deltas(event: Event) -> list[Deltas]:
    """The texts of `choices[].delta.content` in one event; none where it carries something else."""
    texts = []
    for choice in _choices(parsed(event)):
        content = choice["delta"].get("content")
        if isinstance(content, str) and content:
            texts.append(content)
    return [Deltas(tuple(texts))] if texts else []


def read_chunk(event: Event) -> list[ChatChunk]:
    """One chunk, with the members that Elasticsearch passes on and none besides."""
    body = parsed(event)
    usage = body.get("usage")
    choices = tuple(_choice(choice) for choice in _choices(body))
    counts = ("completion_tokens", "prompt_tokens", "total_tokens")
    shown = {name: usage[name] for name in counts if usage.get(name) is not None} if isinstance(usage, dict) else None
    return [ChatChunk(str(body.get("id") or ""), str(body.get("model") or ""), choices, shown)]


def parsed(event: Event) -> dict[str, Any]:
    """The object in an event.

    Raises:
        MalformedError: it holds none.
        RestError: it holds the provider's error, which became known after the answer had begun.
    """
    body = json_object(event)
    refuse_error(body)
    return body


def refuse_error(body: Any) -> None:
    """Raises the provider's error that comes where an answer was expected.

    It is below `error`, or the object itself says that it is one, as with Mistral and older versions of vLLM.

    Raises:
        RestError: there is one.
    """
    if isinstance(body, dict):
        error = body if body.get("object") == "error" else body.get("error")
        if isinstance(error, (dict, str)):
            raise error_in_stream(error)


def error_in_stream(error: dict[str, Any] | str) -> RestError:
    """The caller's error for one that a provider sends inside its stream, or in an answer that claims success."""
    message = error if isinstance(error, str) else error.get("message")
    found = status_exception(400, f"Received an error response. Error message: [{message}]")
    if isinstance(error, dict):
        names = ("code", "type", "param")
        found.origin = {name: error[name] for name in names if isinstance(error.get(name), str)}
    return found


def _choices(body: dict[str, Any]) -> list[dict[str, Any]]:
    choices = items(body, "choices", ANSWER) if body.get("choices") is not None else []
    for choice in choices:
        if not isinstance(choice, dict) or not isinstance(choice.get("delta"), dict):
            raise MalformedError(f"Failed to find required field [delta] in {ANSWER} response")
    return choices


def _choice(choice: dict[str, Any]) -> dict[str, Any]:
    delta = choice["delta"]
    names = ("content", "refusal", "role", "tool_calls")
    shown: dict[str, Any] = {"delta": {name: delta[name] for name in names if delta.get(name) is not None}}
    if choice.get("finish_reason") is not None:
        shown["finish_reason"] = choice["finish_reason"]
    return {**shown, "index": choice.get("index") or 0}
