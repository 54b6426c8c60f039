"""The `if` of a processor: the few forms of Elasticsearch's Painless conditions that need no interpreter.

Supported: `ctx.a.b == 'text'`, `!=`, numbers, `true`, `false` and `null`, `ctx?.a?.b`, `ctx.containsKey('a')`, a bare
`ctx.flag`, `!` in front, joined by `&&` or by `||` (not both). Anything else is refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import orjson

from headpond.stages.path import MISSING
from headpond.stages.record import Record

Condition = Callable[[Record], bool]

_FIELD = r"ctx\??\.(?P<field>[\w@]+(?:\??\.[\w@]+)*)"
_LITERAL = r"(?P<literal>'[^'\\]*'|\"[^\"\\]*\"|-?\d+(?:\.\d+)?|true|false|null)"
_COMPARISON = re.compile(rf"{_FIELD}\s*(?P<operator>==|!=)\s*{_LITERAL}")
_CONTAINS = re.compile(r"(?P<not>!)?\s*ctx\.containsKey\((?P<quote>['\"])(?P<field>[^'\"]+)(?P=quote)\)")
_FLAG = re.compile(rf"(?P<not>!)?\s*{_FIELD}")


def parse(text: str) -> Condition:
    """The condition as a function of a record.

    Raises:
        ValueError: the expression is more than this module supports; says what is.
    """
    if "&&" in text and "||" in text:
        raise _unsupported(text)
    parts = [_one(part.strip(), text) for part in re.split(r"&&|\|\|", text)]
    if "||" in text:
        return lambda record: any(part(record) for part in parts)
    return lambda record: all(part(record) for part in parts)


def _one(text: str, whole: str) -> Condition:
    if match := _COMPARISON.fullmatch(text):
        field, wanted, equal = _name(match), _literal(match["literal"]), match["operator"] == "=="
        return lambda record: _same(record.value(field), wanted) is equal
    if match := _CONTAINS.fullmatch(text):
        field, there = match["field"], match["not"] is None
        return lambda record: (record.value(field) is not MISSING) is there
    if match := _FLAG.fullmatch(text):
        field, wanted = _name(match), match["not"] is None
        return lambda record: (record.value(field) is True) is wanted
    raise _unsupported(whole)


def _name(match: re.Match[str]) -> str:
    return match["field"].replace("?", "")


def _literal(text: str) -> Any:
    return text[1:-1] if text[0] in "'\"" else orjson.loads(text)


def _same(value: Any, wanted: Any) -> bool:
    if value is MISSING:
        value = None
    if _number(value) and _number(wanted):
        return bool(value == wanted)
    return type(value) is type(wanted) and bool(value == wanted)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _unsupported(text: str) -> ValueError:
    return ValueError(
        f"the condition {text!r} needs a Painless interpreter, which is not supported here (501); supported are "
        "ctx.field == 'value', !=, ctx.containsKey('field') and a bare ctx.flag, joined by && or by ||"
    )
