"""Cuts the text of a condition into tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["number", "text", "regex", "name", "operator", "end"]

_TOKEN = re.compile(
    r"(?P<space>\s+|//[^\n]*|/\*.*?\*/)"
    r"|(?P<number>(?:\d+\.\d+|\d+)(?:[eE][+-]?\d+)?[lLfFdD]?)"
    r"|(?P<text>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
    r"|(?P<name>[A-Za-z_@$][\w@$]*)"
    r"|(?P<operator>==~|=~|===|!==|\?\.|\?:|==|!=|<=|>=|&&|\|\||[-+*/%<>!?:.,;()\[\]{}=&|^~])",
    re.DOTALL,
)
_REGEX = re.compile(r"/(?P<pattern>(?:[^/\\\n]|\\.)+)/(?P<flags>[a-zA-Z]*)")
_WRONG_ESCAPE = re.compile(r"(?<!\\)(?:\\\\)*(\\[^\\'\"])")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


class UnsupportedError(ValueError):
    """A condition holds something that is not read here; the text says what and where."""


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text.

    Attributes:
        kind: what it is.
        text: as it stands there; of a text without its quotes.
        at: its first character in the condition, from 1.
        flags: of a regular expression.
    """

    kind: Kind
    text: str
    at: int
    flags: str = ""


def tokens(text: str) -> list[Token]:
    """The tokens, with one of the kind `end` behind the last.

    Raises:
        UnsupportedError: a character begins no token.
    """
    found: list[Token] = []
    at = 0
    while at < len(text):
        if text[at] == "/" and found and found[-1].text in ("=~", "==~") and (match := _REGEX.match(text, at)):
            found.append(Token("regex", match["pattern"], at + 1, match["flags"]))
        elif (match := _TOKEN.match(text, at)) is None:
            raise UnsupportedError(f"{text[at]!r} at character {at + 1} begins nothing that is known here")
        elif match.lastgroup != "space":
            found.append(_token(match, at + 1))
        at = match.end()
    return [*found, Token("end", "", len(text) + 1)]


def _token(match: re.Match[str], at: int) -> Token:
    if match["text"] is not None:
        if wrong := _WRONG_ESCAPE.search(match["text"]):
            raise UnsupportedError(
                f"{wrong[0]!r} in the text at character {at} is no escape, only \\\\ and the quote are"
            )
        return Token("text", _ESCAPE.sub(r"\1", match["text"][1:-1]), at)
    if match["number"] is not None:
        return Token("number", match["number"], at)
    if match["name"] is not None:
        return Token("name", match["name"], at)
    return Token("operator", match["operator"], at)
