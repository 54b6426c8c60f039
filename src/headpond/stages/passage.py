"""Passages of a text or of a hit: what a reranker reads, and what is shown as the best part of a hit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from headpond.inference.chunking import Chunking, Span
from headpond.stages import path


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of a hit.

    Attributes:
        field: where it was read.
        text: the passage.
        start: its first character in the field's text; None when the field was not cut.
        end: the character behind its last.
    """

    field: str
    text: str
    start: int | None = None
    end: int | None = None

    def to_json(self) -> dict[str, Any]:
        """`{"field", "text", "start"?, "end"?}`."""
        shown: dict[str, Any] = {"field": self.field, "text": self.text}
        if self.start is not None:
            shown |= {"start": self.start, "end": self.end}
        return shown


def cut(text: str, chunking: Chunking) -> list[Span]:
    """The chunks of a text without the blanks around them; blank ones are left out."""
    spans = []
    for start, end in chunking.spans(text):
        piece = text[start:end]
        start += len(piece) - len(piece.lstrip())
        end = start + len(piece.strip())
        if end > start:
            spans.append((start, end))
    return spans


def passages(source: Mapping[str, Any], fields: Sequence[str], chunking: Chunking | None = None) -> list[Passage]:
    """The passages of a document.

    Args:
        source: the hit's `_source`.
        fields: paths; one that leads through a list of objects (`passages.text`) gives a passage for each of them.
            Several paths without a list are joined with a line break, in this order, as one text.
        chunking: cuts texts; without it a text is one passage.

    Returns:
        The passages, none when the document has no text in these fields.
    """
    plain: list[tuple[str, str]] = []
    found: list[Passage] = []
    document = source if isinstance(source, dict) else dict(source)
    for field in fields:
        holder, values = _texts(document, field)
        if holder is None:
            plain += [(field, value) for value, _ in values]
        else:
            found += [_stored(field, value, item) for value, item in values]
    if plain:
        name, text = ",".join(field for field, _ in plain), "\n".join(value for _, value in plain)
        if chunking is None:
            found.append(Passage(name, text))
        else:
            found += [Passage(name, text[start:end], start, end) for start, end in cut(text, chunking)]
    return found


def _texts(source: dict[str, Any], field: str) -> tuple[str | None, list[tuple[str, Mapping[str, Any]]]]:
    """The list the path leads through, if any, and the texts with the object that holds each."""
    parts = field.split(".")
    for length in range(1, len(parts)):
        items = path.get(source, ".".join(parts[:length]))
        if isinstance(items, list):
            rest = ".".join(parts[length:])
            pairs = ((path.get(item, rest), item) for item in items if isinstance(item, dict))
            return ".".join(parts[:length]), [(value, item) for value, item in pairs if _is_text(value)]
    value = path.get(source, field)
    if isinstance(value, list):
        value = "\n".join(item for item in value if isinstance(item, str))
    return None, [(value, source)] if _is_text(value) else []


def _stored(field: str, text: str, item: Mapping[str, Any]) -> Passage:
    start, end = item.get("start"), item.get("end")
    known = isinstance(start, int) and isinstance(end, int)
    return Passage(field, text, start if known else None, end if known else None)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())
