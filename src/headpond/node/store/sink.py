"""What one document adds to the index, field by field."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32] | NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Kept:
    """What an inverted text field keeps.

    Attributes:
        norms: lengths.
        freqs: how often a term stands in a document.
        positions: where.
    """

    norms: bool = True
    freqs: bool = True
    positions: bool = True


EVERYTHING = Kept()


@dataclass(slots=True)
class Text:
    """The terms of a text field in one document.

    Attributes:
        terms: in order.
        positions: of each term, ascending.
        following: the position at which the next value of the field starts.
        kept: what the index keeps of them.
    """

    terms: list[str] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    following: int = 0
    kept: Kept = EVERYTHING


@dataclass(slots=True)
class Fields:
    """The fields of one document, which is a root or a nested object.

    Attributes:
        path: nested path, "" for the root.
        offset: position of a nested object in its array.
    """

    path: str = ""
    offset: int = 0
    text: dict[str, Text] = field(default_factory=dict)
    terms: dict[str, list[str]] = field(default_factory=dict)
    ordinals: dict[str, list[str]] = field(default_factory=dict)
    numbers: dict[str, list[float] | list[int]] = field(default_factory=dict)
    dense: dict[str, tuple[Vector, float]] = field(default_factory=dict)
    sparse: dict[str, dict[str, float]] = field(default_factory=dict)
    present: set[str] = field(default_factory=set)


class FieldSink:
    """Receives the values of one document; nested objects become documents of their own before their root.

    Attributes:
        documents: finished nested documents in index order; `finish` appends the root.
    """

    __slots__ = ("_current", "_open", "documents")

    def __init__(self) -> None:
        self.documents: list[Fields] = []
        self._current = Fields()
        self._open = [self._current]

    def begin_nested(self, path: str, offset: int) -> Fields:
        """Starts a nested document; returns what `end_nested` wants back."""
        outer = self._current
        self._current = Fields(path, offset)
        self._open.append(self._current)
        return outer

    def end_nested(self, outer: Fields) -> None:
        """Ends the nested document; its inner ones stand before it."""
        self.documents.append(self._current)
        self._open.pop()
        self._current = outer

    @contextlib.contextmanager
    def inside(self, path: str) -> Iterator[None]:
        """Sends what follows to the open document of a nested path, or to the root; for `copy_to`."""
        before = self._current
        self._current = next((fields for fields in reversed(self._open) if fields.path == path), before)
        yield
        self._current = before

    def finish(self) -> list[Fields]:
        """Ends the document and returns it with its nested ones, root last."""
        self.documents.append(self._current)
        return self.documents

    def text(self, path: str, slots: Sequence[str | None], gap: int = 100, kept: Kept = EVERYTHING) -> None:
        """Adds an analyzed value.

        Args:
            path: the field.
            slots: terms by position; None for a gap.
            gap: positions left free before the next value.
            kept: what the index keeps of the field.
        """
        entry = self._current.text.get(path)
        if entry is None:
            entry = self._current.text[path] = Text(kept=kept)
        start = entry.following
        if None in slots:
            entry.terms += [term for term in slots if term is not None]
            entry.positions += [position for position, term in enumerate(slots, start) if term is not None]
        else:
            entry.terms += slots  # type: ignore[arg-type]  # there is no None among them
            entry.positions += range(start, start + len(slots))
        entry.following = start + len(slots) + gap
        self._current.present.add(path)

    def term(self, path: str, term: str) -> None:
        """Adds one exact term, without frequency, position or length."""
        self._current.terms.setdefault(path, []).append(term)
        self._current.present.add(path)

    def ordinal(self, path: str, value: str) -> None:
        """Adds a string column value."""
        self._current.ordinals.setdefault(path, []).append(value)
        self._current.present.add(path)

    def number(self, path: str, value: float | int) -> None:
        """Adds a number column value; a field gives only ints or only floats."""
        self._current.numbers.setdefault(path, []).append(value)  # type: ignore[arg-type]
        self._current.present.add(path)

    def dense(self, path: str, vector: Vector, magnitude: float) -> bool:
        """Adds a vector of shape (dims,) and its length; False when the document already has one in this field."""
        if path in self._current.dense:
            return False
        self._current.dense[path] = (vector, magnitude)
        self._current.present.add(path)
        return True

    def sparse(self, path: str, weights: Mapping[str, float]) -> None:
        """Adds weights by token; a token given twice keeps the larger weight."""
        known = self._current.sparse.get(path)
        if known is None:
            self._current.sparse[path] = dict(weights)
        else:
            for token, weight in weights.items():
                known[token] = max(weight, known.get(token, 0.0))
        self._current.present.add(path)

    def ignored(self, path: str) -> None:
        """Notes on the root that a value of the field is not indexed."""
        known = self._open[0].ordinals.setdefault("_ignored", [])
        if path not in known:
            known.append(path)
            self._open[0].terms.setdefault("_ignored", []).append(path)
            self._open[0].present.add("_ignored")

    def exists(self, path: str) -> None:
        """Marks the field as present without adding anything that could be searched."""
        self._current.present.add(path)
