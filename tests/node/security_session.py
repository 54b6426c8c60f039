"""Requests of several senders in a row, and their answers in a form that two nodes can be compared by."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

ELASTIC_PASSWORD, PASSWORD = "labpass-9", "labpass-1"
TIMES = ("creation", "expiration", "invalidation", "took")

Answer = tuple[int, Mapping[str, str], bytes]
Send = Callable[[str, str, Mapping[str, str], bytes], Answer]
"""Method, path with query, headers, body -> status, headers in lower case, body."""


@dataclass(frozen=True)
class Step:
    """One request.

    Attributes:
        sender: a user's name, `key:NAME` for an API key that an earlier step made, a whole header, or None.
        method: of HTTP.
        path: with its query; `{NAME}` stands for the id of a key.
        body: JSON, or a text that is sent as it is.
        makes: the name under which later steps find the key of the answer.
    """

    sender: str | None
    method: str
    path: str
    body: Any = None
    makes: str | None = None

    def __str__(self) -> str:
        body = "" if self.body is None else f" {self.body if isinstance(self.body, str) else json.dumps(self.body)}"
        return f"{self.sender} {self.method} {self.path}{body}"


def play(steps: Iterable[Step], send: Send) -> dict[str, dict[str, Any]]:
    """Sends the steps; the answers by step."""
    keys: dict[str, Any] = {}
    answers = {}
    for number, step in enumerate(steps):
        path, body = _filled(step.path, keys), _filled(_text(step.body), keys)
        headers = {"content-type": "application/json"} if body else {}
        if step.sender is not None:
            headers["authorization"] = _credentials(step.sender, keys)
        status, found, content = send(step.method, path, headers, body.encode())
        if step.makes is not None:
            assert status == 200, f"{step}: {content!r}"
            keys[step.makes] = json.loads(content)
        answers[f"{number} {step}"] = _comparable(status, found, content, keys)
    return answers


def in_lines(scenes: Mapping[str, Mapping[str, Any]]) -> str:
    """The answers of scenes as JSON with one step in a line."""
    parts = []
    for scene, answers in sorted(scenes.items()):
        lines = [f"{json.dumps(step)}: {json.dumps(answer, sort_keys=True)}" for step, answer in answers.items()]
        parts.append(f"{json.dumps(scene)}: {{\n" + ",\n".join(lines) + "\n}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _text(body: Any) -> str:
    return "" if body is None else body if isinstance(body, str) else json.dumps(body)


def _filled(text: str, keys: Mapping[str, Any]) -> str:
    for name, key in keys.items():
        text = text.replace(f"{{{name}}}", key["id"])
    return text


def _credentials(sender: str, keys: Mapping[str, Any]) -> str:
    if sender.startswith("key:"):
        return f"ApiKey {keys[sender.removeprefix('key:')]['encoded']}"
    if " " in sender:
        return sender
    name, _, password = sender.partition(":")
    password = password or (ELASTIC_PASSWORD if name == "elastic" else PASSWORD)
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def _comparable(status: int, headers: Mapping[str, str], content: bytes, keys: Mapping[str, Any]) -> dict[str, Any]:
    text = content.decode()
    for name, key in keys.items():
        text = text.replace(key["id"], f"{{{name}}}").replace(key["api_key"], "SECRET").replace(key["encoded"], "SENT")
    challenges = headers.get("www-authenticate", "")
    return {
        "status": status,
        "product": headers.get("x-elastic-product"),
        "challenges": sorted(filter(None, re.split(r", (?=ApiKey|Basic)", challenges))),
        "body": _settled(json.loads(text)) if text else None,
    }


def _settled(value: Any) -> Any:
    """The value without what differs from one node and run to the next: times, places in texts, orders of sets."""
    if isinstance(value, dict):
        if isinstance(roots := value.get("root_cause"), list):
            itself = {name: item for name, item in value.items() if name not in ("root_cause", "caused_by")}
            value = {**value, "root_cause": "itself" if roots == [itself] else roots}
        return {
            name: 0 if name in TIMES else sorted(map(str, item)) if name == "WWW-Authenticate" else _settled(item)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return sorted((_settled(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    if isinstance(value, str):
        value = re.sub(r"^\[\d+:\d+\]", "[..]", value)
        return re.sub(r"on indices \[(.*?)\]", lambda m: f"on indices [{','.join(sorted(m[1].split(',')))}]", value)
    return value
