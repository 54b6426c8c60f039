"""Answers that are wrong in one place are read or refused, for every service; nothing trips over them."""

import copy
import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from tests.services.provider import Asked, Provider, Reply
from tests.services.stand import PIECEWISE, WHOLE, Stand, standing

KINDS = ("illegal_state_exception", "status_exception")
PUT_INSTEAD: list[Any] = [None, True, -7, "x", [None], {}]


class Wire(Provider):
    """A provider that is reached without a socket: here it is asked thousands of times."""

    def __init__(self) -> None:
        super().__init__()
        self.client = httpx.Client(transport=httpx.MockTransport(self._handle))

    def close(self) -> None:
        self.client.close()
        super().close()

    def _handle(self, request: httpx.Request) -> httpx.Response:
        asked = Asked(request.method, request.url.raw_path.decode(), dict(request.headers), request.read())
        self.asked.append(asked)
        reply = self.always(asked)
        if reply.parts is not None:
            headers = {"content-type": "text/event-stream", **reply.headers}
            return httpx.Response(reply.status, headers=headers, content=iter(reply.parts))
        return httpx.Response(reply.status, headers=reply.headers, content=reply.content())


@pytest.fixture
def stand(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stand]:
    """An endpoint on a `Wire`, which asks for nothing twice."""
    wire = Wire()
    lent = SimpleNamespace(carries=lambda target: True, borrow=lambda: (wire.client, lambda: None), needed=lambda: True)
    monkeypatch.setattr("headpond.services._http.client._proxied", lent)
    monkeypatch.setattr("headpond.services._http.retry.GIVE_UP_SECONDS", 0)
    with standing(request.param, wire) as stand:
        yield stand


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths to everything in an answer; of a list only to the first item."""
    if path:
        yield path
    if isinstance(value, dict):
        for name, item in value.items():
            yield from places(item, (*path, name))
    if isinstance(value, list) and value:
        yield from places(value[0], (*path, 0))


def spoiled(body: Any, put_instead: list[Any]) -> Iterator[tuple[str, Any]]:
    """Answers that lack one thing, or have something else in its place."""
    for *parents, last in places(body):
        for instead in [..., *put_instead]:
            changed = parent = copy.deepcopy(body)
            for name in parents:
                parent = parent[name]
            if instead is ...:
                del parent[last]
            else:
                parent[last] = instead
            yield f"{[*parents, last]} -> {instead!r}", changed


@pytest.mark.parametrize("stand", WHOLE, ids=str, indirect=True)
def test_a_spoiled_answer_is_read_or_refused(stand: Stand) -> None:
    """Refused as malformed or, where the provider put an error into a good answer, as the provider's."""
    good = stand.way.case.answer(stand.good).body
    assert isinstance(good, dict | list)
    refused = 0
    for what, body in spoiled(good, PUT_INSTEAD):
        stand.answers(then=lambda asked, body=body: Reply(body=body))  # type: ignore[misc]
        found = stand.outcome()
        if not isinstance(found, dict):
            refused += 1
            assert found.type in KINDS, (what, found)
    assert refused > 5


@pytest.mark.parametrize("stand", PIECEWISE, ids=str, indirect=True)
def test_a_spoiled_event_is_read_or_refused(stand: Stand) -> None:
    parts = [part for part in stand.way.case.answer(stand.good).parts or [] if b"data:" in part]
    headers, seen = stand.way.case.answer(stand.good).headers, set()
    for number, part in enumerate(parts):
        head, _, data = part.partition(b"data:")
        event = json.loads(data) if data.strip().startswith(b"{") else {}
        shape = frozenset((head, *places(event)))
        if shape in seen:
            continue
        seen.add(shape)
        for what, body in spoiled(event, [None, [None]]):
            told = [*parts[:number], head + b"data: " + json.dumps(body).encode() + b"\n\n", *parts[number + 1 :]]
            stand.answers(Reply(headers=headers, parts=told))
            found = stand.outcome()
            assert isinstance(found, str) or found.type in KINDS, (what, found)
