"""The text of an HTML document, as Lucene's `HTMLStripCharFilter` gives it.

Inline elements vanish, other tags become a line break, scripts, styles and comments go, character references are
resolved. What only looks like a tag stays. The rules are those of Lucene's grammar (HTMLStripCharFilter.jflex), among
them that the longest match wins: a `>` inside of a quoted attribute does not end a tag.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from html.entities import name2codepoint

import regex

_INLINE_TAGS = """
    a b i q s u abbr acronym basefont bdo big cite code dfn em font img input kbd label samp select small span strike
    strong sub sup textarea tt var
"""
_INLINE = frozenset(_INLINE_TAGS.split())
_S = r"[ \t\n\r\x0b\f\x85\u2028\u2029]"
_NAME = regex.compile(r"[:_\p{ID_Start}][-.:_\p{ID_Continue}]*")
_BLANKS = re.compile(rf"{_S}*")
_BLANK = re.compile(_S)
_SLASH_TAIL = re.compile(rf"{_S}*/?>")
_END_TAIL = re.compile(rf"{_S}*>")
_END_BR = re.compile(rf"br{_S}*>", re.IGNORECASE)
_INSTRUCTION = re.compile(r"\?[^>]*(?<=[/?])>")
_WHOLE = re.compile(rf"{_S}*(br|script|style)", re.IGNORECASE)
"""Elements whose whole start tag is one token, so that blanks may stand before their name."""
_ATTRIBUTE = regex.compile(rf"{_S}+[:_\p{{ID_Start}}][-.:_\p{{ID_Continue}}]*{_S}*={_S}*$")
_INCLUDE = "<!--#"
_QUOTED = {
    "'": re.compile(r"'(?:\\.|[^'\\])*(?:'|\Z|\\\Z)", re.DOTALL),
    '"': re.compile(r'"(?:\\.|[^"\\])*(?:"|\Z|\\\Z)', re.DOTALL),
}
_SURROGATES = re.compile(
    r"#(?:[xX]([dD][89aAbB][0-9a-fA-F]{2})|(5[56]\d{3}));&#(?:[xX]([dD][c-fC-F][0-9a-fA-F]{2})|(5[67]\d{3}));"
)
_HEX, _DECIMAL = re.compile(r"#[xX]([0-9A-Fa-f]+)"), re.compile(r"#([0-9]+)")
_ENTITIES = {**{name: chr(code) for name, code in name2codepoint.items()}, "nbsp": " ", "apos": "'"}
_ENTITIES |= {name.upper(): _ENTITIES[name] for name in ("amp", "copy", "gt", "lt", "quot", "reg")}
_ENTITY = re.compile("|".join(sorted(_ENTITIES, key=len, reverse=True)))


def strip(text: str, escaped_tags: Collection[str] = ()) -> str:
    """The text alone.

    Args:
        text: HTML, or what may be HTML.
        escaped_tags: names of elements whose tags are kept.
    """
    return _Stripper(text, frozenset(tag.lower() for tag in escaped_tags)).whole()


class _Stripper:
    def __init__(self, text: str, kept: frozenset[str]) -> None:
        self._text = text
        self._kept = kept
        self._kept_by_name = kept - {"br", "script", "style"}
        self._at = 0
        self._out: list[str] = []

    def whole(self) -> str:
        text = self._text
        while self._at < len(text):
            start = min((found for found in (text.find("<", self._at), text.find("&", self._at)) if found >= 0),
                        default=len(text))  # fmt: skip
            self._out.append(text[self._at : start])
            self._at = start + 1
            if start < len(text):
                self._out.append(self._tag(start) if text[start] == "<" else self._reference(start))
        return "".join(self._out)

    def _raw(self, start: int) -> str:
        """What was read since `start`, as it stands there."""
        return self._text[start : self._at]

    # -- character references

    def _reference(self, start: int) -> str:
        if match := _SURROGATES.match(self._text, self._at):
            high, low = int(match[1] or "0", 16) or int(match[2]), int(match[3] or "0", 16) or int(match[4])
            if 0xD800 <= high < 0xDC00 <= low < 0xE000:
                self._at = match.end()
                return chr(0x10000 + ((high - 0xD800) << 10) + low - 0xDC00)
        if match := _ENTITY.match(self._text, self._at):
            return self._closed(start, match.end(), _ENTITIES[match[0]])
        match = _HEX.match(self._text, self._at) or _DECIMAL.match(self._text, self._at)
        if match is None:
            self._at += self._text.startswith("#", self._at)
            return self._raw(start)
        most, base = (5, 16) if match.re is _HEX else (7, 10)
        code = int(match[1], base) if len(match[1]) <= most else 0x110000
        if code > 0x10FFFF:
            self._at = match.end()
            return self._raw(start)
        return self._closed(start, match.end(), "\ufffd" if 0xD800 <= code < 0xE000 else chr(code))

    def _closed(self, start: int, end: int, character: str) -> str:
        """The character, when a semicolon follows or nothing does."""
        self._at = end
        if end == len(self._text):
            return character
        if self._text[end] == ";":
            self._at += 1
            return character
        return self._raw(start)

    # -- tags

    def _tag(self, start: int) -> str:
        text = self._text
        if text.startswith("!", self._at):
            return self._bang(start)
        if text.startswith("/", self._at):
            return self._end_tag(start)
        if match := _INSTRUCTION.match(text, self._at):
            self._at = match.end()
            return ""
        if match := _WHOLE.match(text, self._at):
            slash = match[1].lower() == "br"
            end = self._tail(match.end(), equals=slash, slash=slash)
            if end is not None:
                return self._whole(start, match[1].lower(), end)
        blanks = _BLANKS.match(text, self._at)
        self._at = blanks.end() if blanks else self._at
        name = _NAME.match(text, self._at)
        if name is None:
            return self._raw(start)
        self._at = name.end()
        end = self._tail(self._at, equals=True, slash=True)
        if end is None:
            return self._broken(start, name[0].lower())
        return self._done(start, end, name[0].lower())

    def _done(self, start: int, end: int, name: str) -> str:
        self._at = end
        if name in self._kept_by_name:
            return self._raw(start)
        return "" if name in _INLINE else "\n"

    def _broken(self, start: int, name: str) -> str:
        """A tag that does not end: it stays, unless the text ends there."""
        if self._at == len(self._text) and name not in self._kept_by_name:
            return ""
        return self._raw(start)

    def _end_tag(self, start: int) -> str:
        text = self._text
        blanks = _BLANKS.match(text, self._at + 1)
        self._at = blanks.end() if blanks else self._at + 1
        name = _NAME.match(text, self._at)
        if match := _END_BR.match(text, self._at):
            self._at = match.end()
            return self._raw(start) if "br" in self._kept else "\n"
        if name is None:
            return self._raw(start)
        self._at = name.end()
        tail = _END_TAIL.match(text, self._at)
        return self._broken(start, name[0].lower()) if tail is None else self._done(start, tail.end(), name[0].lower())

    def _whole(self, start: int, name: str, end: int) -> str:
        """`<br>` and what `<script>` and `<style>` hold."""
        if name == "br":
            self._at = end
            return self._raw(start) if name in self._kept else "\n"
        opening = self._text[start:end] if name in self._kept else ""
        closing = self._past(name, end)
        if closing is None:
            return opening
        return f"{opening}{closing}" if name in self._kept else "\n"

    def _past(self, name: str, at: int) -> str | None:
        """Goes behind the end tag of a script or style and gives it; None when there is none."""
        token = re.compile(rf"<!--|</{_S}*{name}{_S}*>", re.IGNORECASE)
        while match := token.search(self._text, at):
            if match[0] != "<!--":
                self._at = match.end()
                return match[0]
            at = self._past_comment(match.end(), quotes=True)
        self._at = len(self._text)
        return None

    def _bang(self, start: int) -> str:
        text = self._text
        self._at += 1
        if text.startswith("--", self._at):
            self._at = self._past_comment(self._at + 2, quotes=False)
            return ""
        if text.startswith("[CDATA[", self._at):
            begin = self._at + 7
            end = text.find("]]>", begin)
            self._at = len(text) if end < 0 else end + 3
            return text[begin:] if end < 0 else text[begin:end]
        end = text.find(">", self._at)
        self._at = len(text) if end < 0 else end + 1
        return "" if end >= 0 else self._raw(start)

    def _past_comment(self, at: int, *, quotes: bool) -> int:
        """Behind the end of a comment, or of the text."""
        token = re.compile(r"-->|<!--#|['\"]" if quotes else "-->|<!--#")
        while match := token.search(self._text, at):
            if match[0] == "-->":
                return match.end()
            at = self._past_include(match.end()) if match[0] == _INCLUDE else self._past_quoted(match.start())
        return len(self._text)

    def _past_include(self, at: int) -> int:
        token = re.compile(r"-->|['\"]")
        while match := token.search(self._text, at):
            if match[0] == "-->":
                return match.end()
            at = self._past_quoted(match.start())
        return len(self._text)

    def _past_quoted(self, at: int) -> int:
        match = _QUOTED[self._text[at]].match(self._text, at)
        return match.end() if match else len(self._text)

    def _tail(self, at: int, *, equals: bool, slash: bool) -> int | None:
        """The end of a start tag whose name ends at `at`: the longest one; None when it has none."""
        text = self._text
        if equals and text.startswith("=", at):
            return self._content(at + 1)
        if (short := (_SLASH_TAIL if slash else _END_TAIL).match(text, at)) is not None:
            return self._content(at) or short.end()
        return self._content(at) if _BLANK.match(text, at) else None

    def _content(self, at: int) -> int | None:
        """The last `>` that may end a tag whose attributes begin at `at`.

        A thread is plain content, or a quoted value that may hold `<` and `>`; both may live at a time, because what
        looks like a value may also be plain content.
        """
        text, begin = self._text, at
        plain, longest = True, None
        quotes: set[str] = set()
        while at < len(text) and (plain or quotes):
            character = text[at]
            ends = character in quotes
            open_still = quotes - {character} if ends and text[at - 1] != "\\" else set(quotes)
            if plain:
                if character == ">":
                    longest = at + 1
                elif character in "'\"" and _ATTRIBUTE.search(text, begin, at):
                    open_still.add(character)
                elif text.startswith(_INCLUDE, at):
                    longest = self._content(self._past_include(at + len(_INCLUDE))) or longest
            plain = ends or (plain and character not in "<>")
            quotes = open_still
            at += 1
        return longest
