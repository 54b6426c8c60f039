"""The border: one HTTP request in, one HTTP response out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import orjson

JSON = "application/json"
VENDOR_JSON = "application/vnd.elasticsearch+json;compatible-with=9"


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request as the node sees it.

    Attributes:
        method: upper case.
        path: the raw path, still percent-encoded, without the query string.
        query: decoded query parameters; a parameter without a value is the empty string.
        headers: names in lower case.
        body: the bytes of the body, decompressed.
    """

    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class ByteStream(Protocol):
    """A body that is made while it is read."""

    def __iter__(self) -> Iterator[bytes]:
        """The parts, once."""

    def close(self) -> None:
        """Ends the work behind it, from any thread; may be called twice, and after the end."""


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response; header names are lower case.

    Attributes:
        status: of HTTP.
        headers: of the response.
        body: the whole body; empty where there is a stream.
        stream: instead of a body; whoever takes it closes it.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    stream: ByteStream | None = None

    def read(self) -> bytes:
        """The whole body; of a stream, everything until its end."""
        if self.stream is None:
            return self.body
        try:
            return b"".join(self.stream)
        finally:
            self.stream.close()

    def json(self) -> Any:
        """The body, parsed."""
        return orjson.loads(self.body)


def encode(answer: Any, *, pretty: bool = False) -> bytes:
    """JSON bytes of an answer; numpy arrays and scalars are allowed."""
    option = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
    if pretty:
        option |= orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    try:
        return orjson.dumps(answer, option=option)
    except orjson.JSONEncodeError:
        # orjson writes 254 levels, documents may have more.
        return json.dumps(answer, default=_plain, indent=2 if pretty else None).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is not JSON")
