"""Dissect patterns: `%{clientip} [%{@timestamp}] %{+name/2} %{?skip} %{*key}=%{&key} %{pad->}`.

A text is walked from left to right, each key takes what stands before its delimiter. Modifiers are Elasticsearch's:
`->` skips repeated delimiters, `+` appends (`/n` in this order), `?` and an empty key skip, `*` and `&` make a pair of
a key and its value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

_LEADING = re.compile(r"(.*?)%", re.DOTALL)
_PAIR = re.compile(r"%\{([^}]*?)\}([^%]*)", re.DOTALL)
_KEY = re.compile(r"(?P<modifier>[+*&?])?(?P<name>.*?)(?:/(?P<order>[0-9]+))?(?P<padding>->)?", re.DOTALL)

Kind = Literal["", "+", "*", "&", "?"]


class DissectError(ValueError):
    """A pattern that is broken, or a text that it does not fit; `kind` is the name of Elasticsearch's exception."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a pattern.

    Attributes:
        name: its name; empty for one that is skipped.
        kind: its modifier.
        order: its place among those that are appended; None for the order they stand in.
        padded: whether repeated delimiters behind it are skipped.
        delimiter: what stands behind it.
    """

    name: str
    kind: Kind
    order: int | None
    padded: bool
    delimiter: str

    @property
    def skipped(self) -> bool:
        """Whether its value is thrown away."""
        return self.kind == "?" or not self.name


@dataclass(slots=True)
class _Found:
    """What was found for the keys of a pattern."""

    values: dict[str, str] = field(default_factory=dict)
    appended: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    pairs: dict[str, dict[str, str]] = field(default_factory=dict)
    count: int = 0

    def add(self, key: Key, value: str) -> None:
        self.count += 1
        if key.skipped:
            return
        if key.kind == "+":
            order = self.count - 1000 if key.order is None else key.order
            self.appended.setdefault(key.name, []).append((order, value))
        elif key.kind in ("*", "&"):
            self.pairs.setdefault(key.name, {})[key.kind] = value
        else:
            self.values[key.name] = value

    def results(self, separator: str) -> dict[str, str | None]:
        results: dict[str, str | None] = dict(self.values)
        results |= {pair.get("*", "null"): pair.get("&") for pair in self.pairs.values()}
        for name, values in self.appended.items():
            values.sort(key=lambda pair: pair[0])
            results[name] = separator.join(value for _, value in values)
        return results


class Dissection:
    """A pattern, ready to use.

    Args:
        pattern: the pattern.
        separator: what is put between values that are appended.

    Raises:
        DissectError: the pattern is broken.
    """

    def __init__(self, pattern: str, separator: str = "") -> None:
        self._pattern = pattern
        self._separator = separator
        leading = _LEADING.match(pattern)
        self._leading = leading[1] if leading else ""
        keys = [_key(match[1], match[2]) for match in _PAIR.finditer(pattern, len(self._leading))]
        self._results = len({key.name for key in keys if not key.skipped})
        if not keys or not self._results:
            raise self._broken("Unable to find any keys or delimiters.")
        appended = {key.name for key in keys if key.kind == "+"}
        self._keys = [
            Key(key.name, "+", None, key.padded, key.delimiter) if key.kind == "" and key.name in appended else key
            for key in keys
        ]
        for name in dict.fromkeys(key.name for key in keys if key.kind in ("*", "&")):
            pair = [key.name for key in keys if key.name == name and key.kind in ("*", "&")]
            if len(pair) != 2:
                raise self._broken(
                    f"Found invalid key/reference associations: '{','.join(pair)}' Please ensure each '*<key>' is "
                    "matched with a matching '&<key>"
                )

    def apply(self, text: str) -> dict[str, str | None]:
        """The values of the keys.

        Raises:
            DissectError: the text does not fit the pattern.
        """
        found = _Found()
        if len(text) > len(self._leading) and text.startswith(self._leading):
            self._walk(text, found)
        results = found.results(self._separator)
        if found.count != len(self._keys) or len(results) != self._results:
            message = f"Unable to find match for dissect pattern: {self._pattern} against source: {text}"
            raise DissectError("find_match", message)
        return results

    def _walk(self, text: str, found: _Found) -> None:
        keys = iter(self._keys)
        key = next(keys)
        at = start = len(self._leading)
        while key.delimiter and (end := text.find(key.delimiter, at)) >= 0:
            found.add(key, text[start:end])
            delimiter, padded = key.delimiter, key.padded
            at = end + len(delimiter)
            last: Key | None = key
            while last is not None and text.startswith(delimiter, at):
                at += len(delimiter)
                if not padded:
                    # Delimiters that follow one another stand for empty values.
                    last = next(keys, None)
                    if last is not None:
                        found.add(last, "")
                        padded = last.padded
            following = next(keys, None)
            if following is None:
                return
            key, start = following, at
            # As in Elasticsearch, the character behind a delimiter is not looked at for the next one.
            at += 1
        if found.count != len(self._keys) and not key.delimiter:
            found.add(key, text[start:])

    def _broken(self, reason: str) -> DissectError:
        return DissectError("pattern_parse", f"Unable to parse pattern: {self._pattern} Reason: {reason}")


def _key(text: str, delimiter: str) -> Key:
    modifiers = re.findall(r"[/+*&?]", text)
    if len(modifiers) > 1 and modifiers != ["+", "/"]:
        raise DissectError("key_parse", f"Unable to parse key: {text} Reason: multiple modifiers are not allowed.")
    match = _KEY.fullmatch(text)
    assert match is not None
    kind: Kind = match["modifier"] or ""  # type: ignore[assignment]  # the expression has these characters only
    name = match["name"]
    if not name and kind not in ("", "?"):
        raise DissectError("key_parse", f"Unable to parse key: {text} Reason: The key name could not be determined")
    order = int(match["order"]) if match["order"] is not None and kind == "+" else None
    return Key(name, kind, order, match["padding"] is not None, delimiter)
