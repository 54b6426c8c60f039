"""Gemini's `generateContent`: what is sent.

Sources: https://ai.google.dev/api/generate-content and Google's discovery document of Vertex AI (`aiplatform.v1`); how
OpenAI's conversations become Gemini's is Elasticsearch's `GoogleVertexAiUnifiedChatCompletionRequestEntity`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from headpond.inference.chat import ChatRequest, Message, arguments
from headpond.inference.invalid import status_exception

API = "Google VertexAI ChatCompletion"

UNSIGNED = "skip_thought_signature_validator"
"""Google's own stand-in for the signature that Gemini 3 wants on calls it made before
(https://ai.google.dev/gemini-api/docs/thought-signatures); OpenAI's conversations have no place for the real one."""

_MODES: Mapping[str, str] = {"auto": "AUTO", "none": "NONE", "required": "ANY"}


def content(text: str) -> dict[str, Any]:
    """A text of the user."""
    return {"role": "user", "parts": [{"text": text}]}


def chat_body(request: ChatRequest, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The request of a chat completion.

    Args:
        request: the conversation; what it says wins over the settings.
        settings: what there is of `max_tokens` and `thinking_config`.

    Raises:
        RestError: 400, the conversation holds what Gemini has no counterpart for.
    """
    body: dict[str, Any] = {"contents": _turns(request.messages)}
    asked = {
        "stopSequences": list(request.stop) or None,
        "temperature": request.temperature,
        "maxOutputTokens": request.max_completion_tokens,
        "topP": request.top_p,
    }
    if config := {name: value for name, value in asked.items() if value is not None} | _from(settings, request):
        body["generationConfig"] = config
    if request.tools:
        body["tools"] = [{"functionDeclarations": [_declaration(tool) for tool in request.tools]}]
    if request.tool_choice is not None:
        body["toolConfig"] = {"functionCallingConfig": _calling(request.tool_choice)}
    if system := [
        {"text": text} for message in request.messages if message.role == "system" for text in _texts(message)
    ]:
        body["systemInstruction"] = {"parts": system}
    return body


def generation_config(settings: Mapping[str, Any]) -> dict[str, Any]:
    """`generationConfig` of task settings."""
    config: dict[str, Any] = {}
    if "max_tokens" in settings:
        config["maxOutputTokens"] = settings["max_tokens"]
    budget = settings.get("thinking_config", {}).get("thinking_budget")
    if budget is not None:
        config["thinkingConfig"] = {"thinkingBudget": budget}
    return config


def _from(settings: Mapping[str, Any], request: ChatRequest) -> dict[str, Any]:
    config = generation_config(settings)
    if request.max_completion_tokens is not None:
        config.pop("maxOutputTokens", None)
    return config


def _turns(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Answers to calls that were made together go into one turn, where Gemini wants them."""
    names = {call["id"]: call["function"]["name"] for message in messages for call in message.tool_calls}
    turns: list[dict[str, Any]] = []
    answers: list[dict[str, Any]] | None = None
    for message in messages:
        if message.role == "system":
            continue
        if message.role == "tool":
            if answers is None:
                answers = []
                turns.append({"role": "user", "parts": answers})
            answers.append(_response(message, names))
            continue
        answers = None
        turns.append(_turn(message))
    return turns


def _turn(message: Message) -> dict[str, Any]:
    if message.role not in ("user", "assistant"):
        supported = "[user, assistant, system, tool]"
        raise status_exception(400, f"Role [{message.role}] not supported by {API}. Supported roles: {supported}")
    parts: list[dict[str, Any]] = [{"text": text} for text in _texts(message)]
    if message.role == "user":
        return {"role": "user", "parts": parts}
    for number, call in enumerate(message.tool_calls):
        part: dict[str, Any] = {"functionCall": _call(call)}
        if number == 0:
            part["thoughtSignature"] = UNSIGNED
        parts.append(part)
    return {"role": "model", "parts": parts}


def _call(call: Mapping[str, Any]) -> dict[str, Any]:
    name = call["function"]["name"]
    return {"name": name, "args": arguments(call), **_id(call["id"], name)}


def _response(message: Message, names: Mapping[str, str]) -> dict[str, Any]:
    identity = message.tool_call_id
    if identity is None:
        raise status_exception(400, f"Tool messages require a [tool_call_id] for {API}")
    name = names.get(identity, identity)
    text = "".join(_texts(message))
    # What is no object goes under the name that Google gives it.
    response = _object(text) if text else {}
    response = {"output": text} if response is None else response
    return {"functionResponse": {"name": name, **_id(identity, name), "response": response}}


def _id(identity: str, name: str) -> dict[str, str]:
    """Models that give their calls no id have them called by the function's name; Google does not know that one."""
    return {} if identity == name else {"id": identity}


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def _texts(message: Message) -> list[str]:
    """Gemini takes no empty texts."""
    texts = message.content if isinstance(message.content, tuple) else (message.content or "",)
    return [text for text in texts if text]


def _declaration(tool: Mapping[str, Any]) -> dict[str, Any]:
    if tool["type"] != "function":
        raise status_exception(400, f"Tool type [{tool['type']}] not supported by {API}. Supported types: [function]")
    function = tool["function"]
    return {name: function[name] for name in ("name", "description", "parameters") if function.get(name)}


def _calling(choice: str | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(choice, Mapping):
        return {"mode": "ANY", "allowedFunctionNames": [choice["function"]["name"]]}
    if choice not in _MODES:
        known = ", ".join(_MODES)
        raise status_exception(400, f"Tool choice value [{choice}] not supported by {API}. Supported values: [{known}]")
    return {"mode": _MODES[choice]}
