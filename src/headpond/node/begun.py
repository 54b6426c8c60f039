"""A stream whose first piece has come, so that what goes wrong before it is an ordinary error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

from headpond.inference.chunks import Chunk, Stream
from headpond.inference.deadline import Deadline
from headpond.inference.invalid import status_exception


class Begun:
    """The pieces of a stream, the first of them at hand.

    Args:
        stream: all of it.
        pieces: its iterator.
        first: what came first; empty when the stream is.
    """

    def __init__(self, stream: Stream, pieces: Iterator[Chunk], first: list[Chunk]) -> None:
        self._stream = stream
        self._pieces = chain(first, pieces)

    @classmethod
    def begin(cls, open: Callable[[], Stream], deadline: Deadline) -> Begun:
        """Opens a stream and waits for its first piece.

        Raises:
            RestError: it did not open, failed before the first piece, or 408 when nobody waits any more.
        """
        stream = open()
        try:
            pieces = iter(stream)
            first = [piece for piece in [next(pieces, None)] if piece is not None]
            if deadline.passed:
                raise status_exception(408, f"Request timed out after [{deadline}]")
        except BaseException:
            stream.close()
            raise
        return cls(stream, pieces, first)

    def __iter__(self) -> Iterator[Chunk]:
        return self._pieces

    def close(self) -> None:
        """Ends the provider's work."""
        self._stream.close()
