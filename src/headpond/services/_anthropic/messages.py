"""Anthropic's Messages API: what is sent.

Sources: https://docs.anthropic.com/en/api/messages; how OpenAI's conversations become Anthropic's is Elasticsearch's
`AnthropicToolUtils`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from headpond.inference.chat import ChatRequest, Message, arguments
from headpond.inference.invalid import status_exception

API = "the Anthropic chat completion API"

_TOOL_CHOICES: Mapping[str, str] = {"none": "none", "auto": "auto", "required": "any"}


def completion_body(text: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The request of a completion: one message of the user.

    Args:
        text: the question.
        settings: `max_tokens`, and what there is of `temperature`, `top_p` and `top_k`.
    """
    names = ("max_tokens", "temperature", "top_p", "top_k")
    messages = [{"role": "user", "content": text}]
    return {"messages": messages, **{name: settings[name] for name in names if name in settings}}


def chat_body(request: ChatRequest, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The request of a chat completion, without model and `stream`.

    Args:
        request: the conversation; what it says wins over the settings.
        settings: `max_tokens`, and what there is of `temperature`, `top_p` and `top_k`.

    Raises:
        RestError: 400, the conversation holds what Anthropic has no counterpart for.
    """
    system = [message for message in request.messages if message.role == "system"]
    body: dict[str, Any] = {}
    if len(system) == 1 and isinstance(system[0].content, str):
        body["system"] = system[0].content
    elif system:
        body["system"] = [block for message in system for block in _blocks(message)]
    body["messages"] = _turns([message for message in request.messages if message.role != "system"])
    asked = {
        "max_tokens": request.max_completion_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "stop_sequences": list(request.stop) or None,
        "tools": [_tool(tool["function"]) for tool in request.tools] or None,
        "tool_choice": _tool_choice(request.tool_choice),
    }
    for name in (*asked, "top_k"):
        value = asked.get(name) if asked.get(name) is not None else settings.get(name)
        if value is not None:
            body[name] = value
    return body


def _turns(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Results of tools that were called together go into one turn of the user, where Anthropic wants them."""
    turns: list[dict[str, Any]] = []
    results: list[dict[str, Any]] | None = None
    for message in messages:
        if message.role == "tool":
            if results is None:
                results = []
                turns.append({"role": "user", "content": results})
            results.append(_result(message))
            continue
        results = None
        turns.append(_turn(message))
    return turns


def _turn(message: Message) -> dict[str, Any]:
    if message.role not in ("user", "assistant"):
        raise status_exception(400, f"Unsupported role [{message.role}] for {API}.")
    calls = message.tool_calls if message.role == "assistant" else ()
    if isinstance(message.content, str) and message.content and not calls:
        return {"role": message.role, "content": message.content}
    blocks = [*_blocks(message), *(_use(call) for call in calls)]
    # Anthropic wants content in every message.
    return {"role": message.role, "content": blocks or [_text("")]}


def _use(call: Mapping[str, Any]) -> dict[str, Any]:
    function = call["function"]
    return {"type": "tool_use", "id": call["id"], "name": function["name"], "input": arguments(call)}


def _result(message: Message) -> dict[str, Any]:
    if message.tool_call_id is None:
        raise status_exception(400, f"Field [tool_call_id] is required in a tool message for {API}.")
    block: dict[str, Any] = {"type": "tool_result", "tool_use_id": message.tool_call_id}
    if content := _blocks(message):
        block["content"] = content
    return block


def _blocks(message: Message) -> list[dict[str, Any]]:
    texts = message.content if isinstance(message.content, tuple) else (message.content or "",)
    return [_text(text) for text in texts if text]


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _tool(function: Mapping[str, Any]) -> dict[str, Any]:
    """Every tool of Anthropic's has a schema, and it is one of an object."""
    schema = {"properties": {}, **(function.get("parameters") or {}), "type": "object"}
    names = ("name", "description", "strict")
    shown = {name: function[name] for name in names if function.get(name) is not None}
    return {**shown, "input_schema": schema}


def _tool_choice(choice: str | Mapping[str, Any] | None) -> dict[str, Any] | None:
    if choice is None:
        return None
    if isinstance(choice, Mapping):
        return {"type": "tool", "name": choice["function"]["name"]}
    if choice not in _TOOL_CHOICES:
        known = ", ".join(_TOOL_CHOICES)
        raise status_exception(400, f"Unsupported tool_choice value [{choice}] for {API}; supported: [{known}]")
    return {"type": _TOOL_CHOICES[choice]}
