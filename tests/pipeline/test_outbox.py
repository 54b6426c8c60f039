"""What waits to be written: pieces, their order, and who waits for whom."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from headpond.pipeline.bulk import Line
from headpond.pipeline.outbox import Outbox, Piece
from headpond.pipeline.pace.bulk_size import BulkSize
from headpond.stages.record import Record


def line(id: str, size: int = 10) -> Line:
    return Line(Record({}, id=id), b"x" * size)


def ids(piece: Piece | None) -> list[str]:
    assert piece is not None
    return [one.id for one in piece.lines]


@pytest.fixture
def abort() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def put(outbox: Outbox, *lines: Line) -> threading.Thread:
    """Puts lines from another thread, which may have to wait."""
    thread = threading.Thread(target=lambda: [outbox.put(one) for one in lines], daemon=True)
    thread.start()
    return thread


def test_pieces_are_full_by_number_or_bytes(abort: threading.Event) -> None:
    outbox = Outbox(3, BulkSize(100), 10, abort)
    for n in range(5):
        outbox.put(line(str(n)))
    outbox.put(line("large", 95))
    outbox.put(line("last"))
    assert [ids(outbox.take()) for _ in range(3)] == [["0", "1", "2"], ["3", "4"], ["large"]]
    outbox.close()
    assert ids(outbox.take()) == ["last"]
    assert outbox.take() is None


def test_a_piece_that_nobody_fills_goes_out_after_a_while(abort: threading.Event) -> None:
    outbox = Outbox(100, BulkSize(10_000), 1, abort)
    outbox.put(line("a"))
    assert ids(outbox.take()) == ["a"]


def test_putting_waits_for_a_writer(abort: threading.Event) -> None:
    outbox = Outbox(1, BulkSize(100), 2, abort)
    thread = put(outbox, *(line(str(n)) for n in range(4)))  # two wait, one is being made full, the last has no room
    thread.join(0.3)
    assert thread.is_alive()
    assert ids(outbox.take()) == ["0"]
    thread.join(10)
    assert not thread.is_alive()
    assert [ids(outbox.take()) for _ in range(3)] == [["1"], ["2"], ["3"]]


def test_a_document_waits_until_an_earlier_one_of_its_id_is_written(abort: threading.Event) -> None:
    outbox = Outbox(2, BulkSize(100), 5, abort)
    thread = put(outbox, line("a"), line("b"), line("c"), line("a"), line("d"))
    first = outbox.take()
    assert ids(first) == ["a", "b"]
    assert ids(outbox.take()) == ["c"]  # its time has come: what would follow has to wait
    thread.join(0.3)
    assert thread.is_alive()
    assert first is not None
    outbox.done(first)
    thread.join(10)
    assert ids(outbox.take()) == ["a", "d"]


def test_an_abort_ends_all_waiting(abort: threading.Event) -> None:
    outbox = Outbox(1, BulkSize(100), 1, abort)
    putting = put(outbox, *(line(str(n)) for n in range(5)))
    empty = Outbox(1, BulkSize(100), 1, abort)
    taken: list[Piece | None] = []
    taking = threading.Thread(target=lambda: taken.append(empty.take()), daemon=True)
    taking.start()
    abort.set()
    putting.join(10)
    taking.join(10)
    assert not putting.is_alive()
    assert taken == [None]
    assert outbox.take() is None
