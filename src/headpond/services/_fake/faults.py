"""Faults on demand: a provider that is slow, busy, gone, or talks nonsense."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import httpx
import orjson

from headpond.inference.settings import Settings
from headpond.services._configuration import Setting

_KINDS = ("status", "reset", "malformed", "truncated", "wrong_dimensions")
_TRIGGERS = ("error_rate", "fail_on", "fail_first_n")
KNOBS = ("latency_ms", *_TRIGGERS, *_KINDS, "retry_after", "retry")


CONFIGURATION: Mapping[str, Setting] = {
    "latency_ms": Setting("Latency", "Milliseconds before every answer, or every piece of one.", "int", updatable=True),
    "error_rate": Setting("Error Rate", "Share of the requests that fail, 0 to 1.", "str", updatable=True),
    "fail_on": Setting("Fail On", "Requests with an input that holds this text fail.", updatable=True),
    "fail_first_n": Setting("Fail First", "So many requests fail, then none.", "int", updatable=True),
    "status": Setting("Status", "What failing requests are answered with, 300 to 599.", "int", updatable=True),
    "retry_after": Setting("Retry After", "Seconds that a failing answer asks to wait.", "str", updatable=True),
    "reset": Setting("Reset", "Failing: the connection breaks.", "bool", updatable=True),
    "malformed": Setting("Malformed", "Failing: the answer is not JSON.", "bool", updatable=True),
    "truncated": Setting("Truncated", "Failing: the answer ends half-way.", "bool", updatable=True),
    "wrong_dimensions": Setting("Wrong Dimensions", "Failing: vectors one too long.", "bool", updatable=True),
    "retry": Setting(
        "Retry", "Whether failures are retried as a provider's are.", "bool", default=True, updatable=True
    ),
}
"""The knobs, for people."""


def read_knobs(settings: Settings) -> dict[str, Any]:
    """Reads the fault knobs of the service settings; see the service `fake`."""
    rate = settings.number("error_rate")
    if rate is not None and not 0 <= rate <= 1:
        settings.wrong(f"Invalid value [{rate}]. [error_rate] must be between [0] and [1]")
    return {
        "latency_ms": settings.at_least("latency_ms", 0),
        "error_rate": rate,
        "fail_on": settings.text("fail_on"),
        "fail_first_n": settings.at_least("fail_first_n", 0),
        "status": settings.between("status", 300, 599),
        "reset": settings.flag("reset"),
        "malformed": settings.flag("malformed"),
        "truncated": settings.flag("truncated"),
        "wrong_dimensions": settings.flag("wrong_dimensions"),
        "retry_after": settings.number("retry_after"),
        "retry": settings.flag("retry"),
    }


_EVENTS = {"content-type": "text/event-stream"}


class _Told(httpx.SyncByteStream):
    """A body that is made while it is read."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts

    def __iter__(self) -> Iterator[bytes]:
        return self._parts


class Faults:
    """The faults of one endpoint; counts its requests.

    Args:
        knobs: the endpoint's service settings.
    """

    def __init__(self, knobs: Mapping[str, Any]) -> None:
        self._knobs = knobs
        self._random = random.Random(knobs.get("seed", 0))
        self._lock = threading.Lock()
        self._requests = 0

    @staticmethod
    def wanted(knobs: Mapping[str, Any]) -> bool:
        """Whether any knob is turned."""
        return any(knobs.get(name) for name in KNOBS)

    def client(self, texts: Sequence[str], answer: Callable[[bool], Any]) -> httpx.Client:
        """A client whose provider has these faults.

        Args:
            texts: of the request, for `fail_on`.
            answer: makes the JSON of a good answer; True asks for vectors one dimension too long.
        """
        return httpx.Client(transport=httpx.MockTransport(lambda request: self._respond(request, texts, answer)))

    def streaming_client(self, texts: Sequence[str], events: Sequence[Any]) -> httpx.Client:
        """A client whose provider streams events and has these faults; `truncated` breaks off half-way.

        Args:
            texts: of the request, for `fail_on`.
            events: what a good answer holds.
        """

        def respond(request: httpx.Request) -> httpx.Response:
            if self._fails(texts):
                if not (self._on("truncated") or self._on("malformed")):
                    return self._bad(request, b"")
                return httpx.Response(200, headers=_EVENTS, stream=_Told(self._broken(request, events)))
            return httpx.Response(200, headers=_EVENTS, stream=_Told(self._told(request, events)))

        return httpx.Client(transport=httpx.MockTransport(respond))

    def _told(self, request: httpx.Request, events: Sequence[Any]) -> Iterator[bytes]:
        for event in events:
            self._sleep(request)
            yield b"data: " + orjson.dumps(event) + b"\n\n"
        yield b"data: [DONE]\n\n"

    def _broken(self, request: httpx.Request, events: Sequence[Any]) -> Iterator[bytes]:
        for event in events[: len(events) // 2]:
            self._sleep(request)
            yield b"data: " + orjson.dumps(event) + b"\n\n"
        if self._on("malformed"):
            yield b"data: <html>this is not JSON</html>\n\n"
        raise httpx.ReadError("connection reset by the fake service", request=request)

    def _respond(self, request: httpx.Request, texts: Sequence[str], answer: Callable[[bool], Any]) -> httpx.Response:
        self._sleep(request)
        fails = self._fails(texts)
        body = orjson.dumps(answer(fails and self._on("wrong_dimensions")), option=orjson.OPT_SERIALIZE_NUMPY)
        if not fails or self._on("wrong_dimensions"):
            return httpx.Response(200, content=body)
        return self._bad(request, body)

    def _bad(self, request: httpx.Request, body: bytes) -> httpx.Response:
        if self._on("reset"):
            raise httpx.ReadError("connection reset by the fake service", request=request)
        if self._on("malformed"):
            return httpx.Response(200, content=b"<html>this is not JSON</html>")
        if self._on("truncated"):
            return httpx.Response(200, content=body[: len(body) // 2])
        wait = self._knobs.get("retry_after")
        headers = {} if wait is None else {"retry-after": str(wait)}
        status = self._knobs.get("status") or 500
        return httpx.Response(status, headers=headers, json={"error": f"the fake service fails with {status}"})

    def _fails(self, texts: Sequence[str]) -> bool:
        with self._lock:
            self._requests += 1
            first = self._requests <= self._knobs.get("fail_first_n", 0)
            unlucky = self._random.random() < self._knobs.get("error_rate", 0.0)
        if not any(self._knobs.get(name) is not None for name in _TRIGGERS):
            return any(self._on(name) for name in _KINDS)
        poison = self._knobs.get("fail_on")
        return first or unlucky or (poison is not None and any(poison in text for text in texts))

    def _sleep(self, request: httpx.Request) -> None:
        wanted = self._knobs.get("latency_ms", 0) / 1000
        allowed = request.extensions["timeout"]["read"]
        time.sleep(min(wanted, allowed))
        if wanted >= allowed:
            raise httpx.ReadTimeout("the fake service is slow", request=request)

    def _on(self, name: str) -> bool:
        return bool(self._knobs.get(name))
