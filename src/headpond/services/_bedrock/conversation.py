"""Bedrock's Converse API: what is sent.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html, as botocore's service model
has it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from headpond.inference.chat import ChatRequest, Message, arguments
from headpond.inference.invalid import status_exception

API = "the Amazon Bedrock Converse API"

_TOP_K: Mapping[str, str] = {"anthropic": "top_k", "cohere": "k", "mistral": "top_k"}
"""What the models of a provider call `top_k`; others have none."""

PROVIDERS_WITH_TOP_K = tuple(_TOP_K)

_CHOICES: Mapping[str, str] = {"auto": "auto", "required": "any"}


def body_of(request: ChatRequest, settings: Mapping[str, Any], provider: str) -> dict[str, Any]:
    """The request of `Converse` and `ConverseStream`; the model stands in the path.

    Args:
        request: the conversation; what it says wins over the settings.
        settings: what there is of `max_new_tokens`, `temperature`, `top_p` and `top_k`.
        provider: whose model it is.

    Raises:
        RestError: 400, the conversation holds what Bedrock has no counterpart for.
    """
    body: dict[str, Any] = {"messages": _turns([message for message in request.messages if message.role != "system"])}
    if system := [block for message in request.messages if message.role == "system" for block in _texts(message)]:
        body["system"] = system
    config = {
        "maxTokens": _first(request.max_completion_tokens, settings.get("max_new_tokens")),
        "temperature": _first(request.temperature, settings.get("temperature")),
        "topP": _first(request.top_p, settings.get("top_p")),
        "stopSequences": list(request.stop) or None,
    }
    if config := {name: value for name, value in config.items() if value is not None}:
        body["inferenceConfig"] = config
    if (top_k := settings.get("top_k")) is not None:
        body["additionalModelRequestFields"] = {_TOP_K[provider]: int(top_k) if float(top_k).is_integer() else top_k}
    if tools := _tools(request):
        body["toolConfig"] = tools
    return body


def _turns(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Turns of one role after the other: Bedrock wants user and assistant to alternate, and results from the user."""
    turns: list[dict[str, Any]] = []
    for message in messages:
        role = "user" if message.role == "tool" else message.role
        if role not in ("user", "assistant"):
            supported = "[user, assistant, system, tool]"
            raise status_exception(400, f"Role [{role}] not supported by {API}. Supported roles: {supported}")
        blocks = _result(message) if message.role == "tool" else [*_texts(message), *map(_use, message.tool_calls)]
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        else:
            turns.append({"role": role, "content": blocks})
    return turns


def _texts(message: Message) -> list[dict[str, Any]]:
    """Blocks of text; Bedrock takes no empty ones."""
    texts = message.content if isinstance(message.content, tuple) else (message.content or "",)
    return [{"text": text} for text in texts if text]


def _use(call: Mapping[str, Any]) -> dict[str, Any]:
    return {"toolUse": {"toolUseId": call["id"], "name": call["function"]["name"], "input": arguments(call)}}


def _result(message: Message) -> list[dict[str, Any]]:
    if message.tool_call_id is None:
        raise status_exception(400, f"Field [tool_call_id] is required in a tool message for {API}.")
    return [{"toolResult": {"toolUseId": message.tool_call_id, "content": _texts(message)}}]


def _tools(request: ChatRequest) -> dict[str, Any] | None:
    choice = request.tool_choice
    spoken = any(message.role == "tool" or message.tool_calls for message in request.messages)
    # Bedrock has no way to forbid tools but to name none, which it refuses where the conversation has used them.
    if not request.tools or (choice == "none" and not spoken):
        return None
    config: dict[str, Any] = {"tools": [_tool(tool["function"]) for tool in request.tools]}
    if isinstance(choice, Mapping):
        config["toolChoice"] = {"tool": {"name": choice["function"]["name"]}}
    elif choice is not None and choice in _CHOICES:
        config["toolChoice"] = {_CHOICES[choice]: {}}
    elif choice not in (None, "none"):
        known = ", ".join(["none", *_CHOICES])
        raise status_exception(400, f"Unsupported tool_choice value [{choice}] for {API}; supported: [{known}]")
    return config


def _tool(function: Mapping[str, Any]) -> dict[str, Any]:
    """Every tool of Bedrock's has a schema, and it is one of an object."""
    schema = {"properties": {}, **(function.get("parameters") or {}), "type": "object"}
    described = {"description": function["description"]} if function.get("description") else {}
    return {"toolSpec": {"name": function["name"], **described, "inputSchema": {"json": schema}}}


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)
