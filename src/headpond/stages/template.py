r"""Mustache snippets as Elasticsearch's processors know them: `{{field}}` and `{{{field}}}` in a text.

With two braces the value is encoded for the media type (JSON by default, so a quote becomes `\"`), with three it goes
in as it is. A path leads through objects and lists (`{{tags.0}}`, `{{tags.size}}`), `_ingest.` reaches the metadata.
A name that leads nowhere renders as nothing. Lists can be put in with `{{#join}}tags{{/join}}` and
`{{#toJson}}tags{{/toJson}}`; other sections, partials and comments are refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote_plus

import numpy as np
import orjson

from headpond import exact_json
from headpond.stages import java
from headpond.stages.record import Record

JSON: Final = "application/json"
MEDIA_TYPES: Final = (JSON, "text/plain", "application/x-www-form-urlencoded")

_TAG = re.compile(
    r"\{\{#(?P<function>join(?: delimiter='(?P<delimiter>.*?)')?|toJson)\}\}\s*(?P<argument>[^{}\s]+)\s*"
    r"\{\{/(?:join(?: delimiter='.*?')?|toJson)\}\}"
    r"|\{\{\{\s*(?P<raw>[^{}]*?)\s*\}\}\}|\{\{\s*(?P<name>[^{}]*?)\s*\}\}"
)


@dataclass(frozen=True, slots=True)
class _Snippet:
    path: tuple[str, ...]
    shown: Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Template:
    """A text with its snippets found.

    Attributes:
        parts: texts and snippets in turn.
    """

    parts: tuple[str | _Snippet, ...]

    @property
    def fixed(self) -> str | None:
        """The text, where it is the same for every record."""
        return None if any(isinstance(part, _Snippet) for part in self.parts) else "".join(map(str, self.parts))

    @property
    def paths(self) -> tuple[str, ...]:
        """The fields its snippets name, each once."""
        return tuple(dict.fromkeys(".".join(part.path) for part in self.parts if isinstance(part, _Snippet)))

    def render(self, record: Record) -> str:
        """The text for a record."""
        return "".join(part if isinstance(part, str) else part.shown(_find(record, part.path)) for part in self.parts)


def compile(text: str, media_type: str = JSON) -> Template:
    """Finds the snippets of a text.

    Raises:
        ValueError: a snippet is not supported.
    """
    parts: list[str | _Snippet] = []
    end = 0
    for match in _TAG.finditer(text):
        parts += [text[end : match.start()], _snippet(match, media_type)]
        end = match.end()
    rest = text[end:]
    if "{{" in rest:
        raise ValueError(f"the snippet {rest[rest.index('{{') :]!r} is not closed")
    return Template(tuple(part for part in (*parts, rest) if part != ""))


def resolved(value: Any, media_type: str = JSON) -> Callable[[Record], Any]:
    """A function that gives the value with its snippets rendered; lists and objects are made anew for each record.

    Raises:
        ValueError: a snippet is not supported.
    """
    if isinstance(value, dict):
        pairs = [(resolved(key, media_type), resolved(item, media_type)) for key, item in value.items()]
        return lambda record: {key(record): item(record) for key, item in pairs}
    if isinstance(value, list):
        items = [resolved(item, media_type) for item in value]
        return lambda record: [item(record) for item in items]
    if is_template(value):
        return compile(value, media_type).render
    return lambda record: value


def is_template(value: Any) -> bool:
    """Whether a value is a text that may have snippets."""
    return isinstance(value, str) and "{{" in value


def _snippet(match: re.Match[str], media_type: str) -> _Snippet:
    if function := match["function"]:
        delimiter = match["delimiter"]
        shown = _to_json if function == "toJson" else _joined("," if delimiter is None else delimiter)
        return _Snippet(tuple(match["argument"].split(".")), shown)
    raw = match["raw"] is not None
    name = match["raw"] if raw else match["name"]
    if name.startswith("&"):
        raw, name = True, name[1:].lstrip()
    if not name or name[0] in "#^/!>=":
        raise ValueError(f"the snippet {match[0]!r} is not supported, only {{{{a.field}}}} and {{{{{{a.field}}}}}} are")
    path = tuple(name.split("."))
    if raw or media_type == "text/plain":
        return _Snippet(path, _text)
    encode = _json_escaped if media_type == JSON else _form_encoded
    return _Snippet(path, lambda value: encode(_text(value)))


def _find(record: Record, path: tuple[str, ...]) -> Any:
    first, *rest = path
    node: Any
    if first == "_source":
        node = record.root
    elif first == "_ingest":
        node = record.ingest
    else:
        node = record.root.get(first)
    for part in rest:
        node = _below(node, part)
    return node


def _below(node: Any, part: str) -> Any:
    if isinstance(node, Mapping):
        return node.get(part)
    if isinstance(node, list):
        if part == "size":
            return len(node)
        return node[int(part)] if part.isdecimal() and int(part) < len(node) else None
    return None


def _text(value: Any) -> str:
    """A value as Mustache prints it: a list shows its places, as in `{0=a, 1=b}`."""
    if value is None:
        return ""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, list):
        return "{" + ", ".join(f"{at}={java.text(item)}" for at, item in enumerate(value)) + "}"
    return java.text(value)


def _joined(delimiter: str) -> Callable[[Any], str]:
    def show(value: Any) -> str:
        return delimiter.join(_text(item) for item in value) if isinstance(value, list) else _text(value)

    return show


def _to_json(value: Any) -> str:
    if isinstance(value, list | Mapping | np.ndarray):
        plain = dict(value) if isinstance(value, Mapping) else value
        return exact_json.dumps(plain, orjson.OPT_SERIALIZE_NUMPY).decode()
    return _text(value)


def _json_escaped(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _form_encoded(text: str) -> str:
    return quote_plus(text, safe="*").replace("~", "%7E")
