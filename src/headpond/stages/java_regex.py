r"""Regular expressions of `java.util.regex`, translated for the library `regex`; what has no twin there is refused.

Java's defaults hold: `\w`, `\d`, `\s`, `\b` and `(?i)` know ASCII only, `.` stops at every line end of Unicode, `$`
also matches before a last line end. Classes may be nested, joined and intersected (`[a-z&&[^aeiou]]`).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Any

import regex

_LINE_ENDS = r"\n\r\u0085\u2028\u2029"
_AT_END = rf"(?=(?:\r\n|[{_LINE_ENDS}])?\Z)"
_AT_LINE_END = rf"(?=\r\n|[{_LINE_ENDS}]|\Z)(?<!\r(?=\n))"
_AT_LINE_START = r"(?<=\A|\n|\r(?!\n)|[\u0085\u2028\u2029])(?!\Z(?<!\A))"
_BOUNDARY = "(?:(?<=[a-zA-Z_0-9])(?![a-zA-Z_0-9])|(?<![a-zA-Z_0-9])(?=[a-zA-Z_0-9]))"

_POSIX = {
    "Lower": "a-z", "Upper": "A-Z", "ASCII": r"\x00-\x7F", "Alpha": "a-zA-Z", "Digit": "0-9", "Alnum": "a-zA-Z0-9",
    "Punct": r"!-/:-@\[-`{-~", "Graph": "!-~", "Print": " -~", "Blank": r" \t", "Cntrl": r"\x00-\x1F\x7F",
    "XDigit": "0-9a-fA-F", "Space": r" \t\n\x0B\f\r",
}  # fmt: skip
"""Java's POSIX classes, which hold ASCII only."""

_JAVA = {
    "javaLowerCase": r"\p{Ll}", "javaUpperCase": r"\p{Lu}", "javaWhitespace": r"\s\x1C-\x1F\p{Z}",
    "javaLetter": r"\p{L}", "javaDigit": r"\p{Nd}", "javaLetterOrDigit": r"\p{L}\p{Nd}",
}  # fmt: skip
_SETS = {
    "h": r" \t\xA0\u1680\u180e\u2000-\u200a\u202f\u205f\u3000",
    "v": r"\n\x0B\f\r\x85\u2028\u2029",
    "d": "0-9",
    "w": "a-zA-Z_0-9",
    "s": r" \t\n\x0B\f\r",
}
_CONTROLS = {"t": r"\t", "n": r"\n", "r": r"\r", "f": r"\f", "a": r"\x07", "e": r"\x1B"}
_CODES = {"x": r"\{([0-9a-fA-F]+)\}|([0-9a-fA-F]{2})", "u": r"([0-9a-fA-F]{4})", "0": r"([0-3]?[0-7]{1,2})"}
_FLAGS = {"i": "i", "m": "", "s": ""}
"""Flags that are supported, and what is passed on of them; the others are worked into the translation."""


@functools.lru_cache(maxsize=1024)
def compile(pattern: str, flags: str = "") -> Any:
    """The expression, compiled.

    Args:
        pattern: as `Pattern.compile` takes it.
        flags: letters of `(?ims)` that hold for all of it.

    Raises:
        ValueError: it is broken, or uses what is not supported here; says what.
    """
    start = f"(?{flags})" if flags else ""
    translated = _Translator(start + pattern).whole()
    # With the flag ASCII, \p{L} would know ASCII letters only; without it, (?i) folds all letters.
    reach = regex.UNICODE if r"\p{" in translated else regex.ASCII
    try:
        return regex.compile(translated, regex.VERSION1 | reach)
    except regex.error as error:
        raise ValueError(f"the regular expression {pattern!r} is not valid: {error.msg}") from None


@dataclass(slots=True)
class _Translator:
    """Walks over a pattern once; `flags` holds the letters that are on, one entry a group that is open."""

    text: str
    at: int = 0
    flags: list[frozenset[str]] = field(default_factory=lambda: [frozenset()])

    def whole(self) -> str:
        out: list[str] = []
        while self.at < len(self.text):
            out.append(self._piece())
        if len(self.flags) > 1:
            raise ValueError(f"the regular expression {self.text!r} has an open group")
        return "".join(out)

    def _piece(self) -> str:
        character = self._take()
        on = self.flags[-1]
        if character == "\\":
            return self._escape()
        if character == "[":
            return self._set()
        if character == "(":
            return self._group()
        if character == ")":
            if len(self.flags) == 1:
                raise ValueError(f"the regular expression {self.text!r} closes a group that is not open")
            self.flags.pop()
            return ")"
        if character == ".":
            return r"[\s\S]" if "s" in on else f"[^{_LINE_ENDS}]"
        if character == "$":
            return _AT_LINE_END if "m" in on else _AT_END
        if character == "^":
            return _AT_LINE_START if "m" in on else r"\A"
        if character in "*+?|":
            return character
        if character == "{":
            return self._braces()
        return str(regex.escape(character))

    def _braces(self) -> str:
        end = self.text.find("}", self.at)
        inner = self.text[self.at : end]
        low, comma, high = inner.partition(",")
        if end < 0 or not low.isdecimal() or (high and not high.isdecimal()):
            raise ValueError(f"the regular expression {self.text!r} has an illegal repetition")
        self.at = end + 1
        return f"{{{low}{comma}{high}}}"

    def _group(self) -> str:
        rest = self.text[self.at :]
        for opening in ("?:", "?=", "?!", "?>", "?<=", "?<!"):
            if rest.startswith(opening):
                self.at += len(opening)
                self.flags.append(self.flags[-1])
                return f"({opening}"
        if found := regex.match(r"\?<([A-Za-z][A-Za-z0-9]*)>", rest):
            self.at += found.end()
            self.flags.append(self.flags[-1])
            return f"(?P<{found[1]}>"
        if found := regex.match(r"\?([a-zA-Z]*)(?:-([a-zA-Z]+))?([:)])", rest):
            return self._flag_group(found[1], found[2] or "", found[3], found.end())
        if rest.startswith("?"):
            raise ValueError(f"the group ({rest[:3]} is not supported here")
        self.flags.append(self.flags[-1])
        return "("

    def _flag_group(self, on: str, off: str, closing: str, length: int) -> str:
        for letter in on + off:
            if letter not in _FLAGS:
                raise ValueError(f"the flag (?{letter}) is not supported here, only (?i), (?m) and (?s) are")
        self.at += length
        now = (self.flags[-1] | set(on)) - set(off)
        passed = "".join(_FLAGS[letter] for letter in on)
        cleared = "".join(_FLAGS[letter] for letter in off)
        shown = passed + (f"-{cleared}" if cleared else "")
        if closing == ":":
            self.flags.append(now)
            return f"(?{shown}:"
        self.flags[-1] = now
        return f"(?{shown})" if shown else ""

    def _escape(self) -> str:
        """What stands behind a backslash, outside of a class."""
        character = self._take()
        if character in _SETS:
            return rf"[{_SETS[character]}]"
        if character.lower() in _SETS:
            return rf"[^{_SETS[character.lower()]}]"
        if character in "pP":
            return f"[{'^' if character == 'P' else ''}{self._members()}]"
        if character in "bB":
            return _BOUNDARY if character == "b" else f"(?!{_BOUNDARY})"
        if character in "AGX":
            return f"\\{character}"
        if character in "zZ":
            return _AT_END if character == "Z" else r"\Z"
        if character == "R":
            return rf"(?>\r\n|[{_SETS['v']}])"
        if character == "Q":
            return self._quoted()
        if character in "k123456789":
            return self._reference(character)
        return self._literal(character)

    def _reference(self, kind: str) -> str:
        if kind != "k":
            return f"(?:\\{kind})"
        found = regex.match(r"<([A-Za-z][A-Za-z0-9]*)>", self.text[self.at :])
        if not found:
            raise ValueError("[\\k] is not followed by '<' for named capturing group")
        self.at += found.end()
        return f"(?P={found[1]})"

    def _literal(self, character: str) -> str:
        """A single character behind a backslash, inside or outside of a class."""
        if character in _CONTROLS:
            return _CONTROLS[character]
        if character == "c":
            return _escaped(chr(ord(self._take()) ^ 64))
        if character in _CODES:
            found = regex.match(_CODES[character], self.text[self.at :])
            if not found:
                raise ValueError(f"[\\{character}] is not followed by a code in {self.text!r}")
            self.at += found.end()
            digits = next(group for group in found.groups() if group)
            return _escaped(chr(int(digits, 8 if character == "0" else 16)))
        if character.isascii() and character.isalnum():
            raise ValueError(f"Illegal/unsupported escape sequence [\\{character}] in {self.text!r}")
        return _escaped(character)

    def _quoted(self) -> str:
        end = self.text.find("\\E", self.at)
        quoted = self.text[self.at :] if end < 0 else self.text[self.at : end]
        self.at = len(self.text) if end < 0 else end + 2
        return "".join(_escaped(character) for character in quoted)

    def _members(self) -> str:
        r"""The members of a property `\p{...}`, for the inside of a class."""
        name = self._take()
        if name == "{":
            end = self.text.find("}", self.at)
            if end < 0:
                raise ValueError("a \\p{ is not closed")
            name, self.at = self.text[self.at : end], end + 1
        if name in _POSIX or name in _JAVA:
            return _POSIX.get(name) or _JAVA[name]
        plain = name.removeprefix("Is")
        try:
            regex.compile(rf"\p{{{plain}}}")
        except regex.error:
            raise ValueError(f"Unknown character property name {{{name}}}") from None
        return rf"\p{{{plain}}}"

    def _set(self) -> str:
        """A class, whose opening bracket has been read, with what is in it."""
        negated = self.text.startswith("^", self.at)
        self.at += negated
        out: list[str] = []
        while True:
            if self.at >= len(self.text):
                raise ValueError(f"the regular expression {self.text!r} has an unclosed character class")
            character = self._take()
            if character == "]" and out:
                return f"[{'^' if negated else ''}{''.join(out)}]"
            out.append(self._member(character))

    def _member(self, character: str) -> str:
        if character == "[":
            return self._set()
        if character == "&" and self.text.startswith("&", self.at):
            self.at += 1
            return "&&"
        if character == "\\":
            return self._escaped_member(self._take())
        if character == "-":
            return r"\-" if self.text.startswith("-", self.at) else "-"
        return _escaped(character)

    def _escaped_member(self, kind: str) -> str:
        if kind in _SETS:
            return _SETS[kind]
        if kind.lower() in _SETS:
            return f"[^{_SETS[kind.lower()]}]"
        if kind in "pP":
            return self._members() if kind == "p" else f"[^{self._members()}]"
        if kind == "Q":
            return self._quoted()
        return self._literal(kind)

    def _take(self) -> str:
        if self.at >= len(self.text):
            raise ValueError(f"the regular expression {self.text!r} ends too early")
        self.at += 1
        return self.text[self.at - 1]


def _escaped(character: str) -> str:
    """The character itself, inside or outside of a class."""
    return f"\\x{ord(character):02x}" if character.isascii() and not character.isalnum() else character
