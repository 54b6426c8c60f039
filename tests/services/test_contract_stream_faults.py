"""What the caller of a stream gets when its provider misbehaves, for every service; see `case.py`.

What a provider refuses before the answer begins stands in `test_contract_faults.py`, for streams too.
"""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tests.services.provider import Asked, Reply
from tests.services.stand import PIECEWISE, Refusal, Stand, Way, standing

ON_EVERY = pytest.mark.parametrize("stand", PIECEWISE, ids=str, indirect=True, scope="module")


def parts(way: Way, asked: Asked) -> list[bytes]:
    """A good answer."""
    return list(way.case.answer(asked).parts or [])


def headers(way: Way, asked: Asked) -> dict[str, str]:
    """Those of a good answer."""
    return {"content-type": "text/event-stream", **way.case.answer(asked).headers}


NO_STREAM = {
    "nothing": ("", b""),
    "a page": ("text/html", b"<html>"),
    "no event": ("", b"data: <html>\n\n"),
    "null": ("", b"data: null\n\n"),
    "a list": ("", b"data: []\n\n"),
}


@ON_EVERY
def test_what_is_no_stream_is_refused_and_not_asked_for_again(stand: Stand) -> None:
    for what, (kind, body) in NO_STREAM.items():
        content_type = {"content-type": kind} if kind else headers(stand.way, stand.good)
        reply = Reply(body=body, headers=content_type)
        stand.answers(then=lambda asked, reply=reply: reply)  # type: ignore[misc]
        refusal = stand.refused()
        assert (what, refusal.status, refusal.type) == (what, 500, "illegal_state_exception")
        assert refusal.reason.endswith(" for request from inference entity id [e]")
        assert len(stand.asked) == 1
    stand.answers()
    assert stand.ask() == stand.wanted


def told(stand: Stand, after: bytes | None) -> None:
    """A good beginning, then other bytes; without any the connection breaks."""

    def answer(asked: Asked) -> Reply:
        def begun() -> Iterator[bytes]:
            yield from parts(stand.way, asked)[:-2]
            if after is None:
                raise OSError("the provider falls over")
            yield after

        return Reply(headers=headers(stand.way, asked), parts=begun())

    stand.answers(then=answer)


@ON_EVERY
@pytest.mark.parametrize(
    ("after", "type"),
    [(None, "i_o_exception"), (b"data: <html>\n\n", "illegal_state_exception")],
    ids=["broken", "nonsense"],
)
def test_what_fails_on_the_way_ends_with_an_error(stand: Stand, after: bytes | None, type: str) -> None:
    told(stand, after)
    refusal = stand.refused()
    assert (refusal.status, refusal.type) == (200, type)
    assert refusal.pieces.startswith("one")
    assert len(stand.asked) == 1
    stand.answers()
    assert stand.ask() == stand.wanted


@ON_EVERY
def test_a_stream_that_is_too_long_ends_with_an_error(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headpond.services._http.events.MAX_STREAM_BYTES", 20_000)
    sse = headers(stand.way, stand.good)["content-type"] == "text/event-stream"
    piece = b" " if sse else parts(stand.way, stand.good)[0]
    told(stand, piece * (30_000 // len(piece)))
    refusal = stand.refused()
    assert (refusal.status, refusal.type) == (200, "illegal_state_exception")
    assert "The stream is longer than 20000 bytes" in refusal.reason
    assert refusal.pieces.startswith("one")


@pytest.fixture(scope="module", autouse=True)
def paused() -> Iterator[dict[str, "Future[Refusal]"]]:
    """What came of providers that fell silent in the middle, all of them at once, while the other tests run."""

    def ask(stand: Stand) -> Refusal:
        def answer(asked: Asked) -> Reply:
            def begun() -> Iterator[bytes]:
                yield from parts(stand.way, asked)[:-2]
                stand.provider.closed.wait()

            return Reply(headers=headers(stand.way, asked), parts=begun())

        stand.answers(then=answer)
        return stand.refused(timeout="10s")

    with ExitStack() as stack, ThreadPoolExecutor(len(PIECEWISE)) as pool:
        stands = [stack.enter_context(standing(way)) for way in PIECEWISE]
        yield {str(stand.way): pool.submit(ask, stand) for stand in stands}


@pytest.mark.parametrize("way", PIECEWISE, ids=str)
def test_a_provider_that_falls_silent_is_left(way: Way, paused: dict[str, "Future[Refusal]"]) -> None:
    refusal = paused[str(way)].result()
    assert (refusal.status, refusal.type) == (200, "status_exception")
    assert refusal.reason == "Request timed out after [10s]"
    assert refusal.pieces.startswith("one")
