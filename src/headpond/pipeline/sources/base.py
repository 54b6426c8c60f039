"""What a source is: records one by one, each readable or not, with the line it stood on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, NamedTuple


class Item(NamedTuple):
    """One thing read; a tuple, because there is one for every record and tuples are made fastest.

    Attributes:
        line: its line or place, from 1.
        document: the record; None when it cannot be read.
        raw: what was read, when it cannot be; a text so that a dead letter can hold it.
        error: why it cannot be read.
        position: where to go on behind it, for `Source.items_after`: JSON that only the source understands; None when
            its line is enough.
        text: the document's JSON on one line, where the source holds it.
    """

    line: int
    document: dict[str, Any] | None
    raw: Any = None
    error: str | None = None
    position: Any = None
    text: bytes = b""


class Source(ABC):
    """Records from somewhere.

    Attributes:
        name: shown in messages and dead letters; never holds a credential.
    """

    name: str

    @abstractmethod
    def items(self) -> Iterator[Item]:
        """Everything there is, in order; what cannot be read is an item with an error.

        Raises:
            InputError: the source ends before its end (a broken archive, a read error).
        """

    def items_after(self, line: int, position: Any) -> Iterator[Item]:
        """What comes behind an item; a source that cannot jump reads up to it again.

        Args:
            line: of the item.
            position: of the item.

        Raises:
            InputError: as `items`.
        """
        return (item for item in self.items() if item.line > line)

    def identity(self) -> dict[str, Any] | None:
        """What tells this source from others and changes with its content, wherever it lies; JSON.

        None when that cannot be known before it is read: a job of such a source always starts from its beginning.
        """
        return None

    def fraction(self) -> float | None:
        """How much has been read, 0 to 1; None when unknown."""
        return None
