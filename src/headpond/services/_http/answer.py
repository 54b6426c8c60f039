"""What comes of one request: an answer, or none."""

from __future__ import annotations

from dataclasses import dataclass

import httpx


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        status: HTTP status.
        headers: of the answer; names in any case.
        body: decompressed bytes.
    """

    status: int
    headers: httpx.Headers
    body: bytes


class NoAnswerError(Exception):
    """No answer came.

    Args:
        reason: what happened, without headers or bodies of the request.
        out_of_time: the deadline passed.
        unknown_host: the name could not be resolved.
        unreachable: no connection was made.
        too_large: the answer was longer than `MAX_ANSWER_BYTES`.
        unsendable: the request is none of HTTP's.
    """

    def __init__(
        self,
        reason: str,
        *,
        out_of_time: bool = False,
        unknown_host: bool = False,
        unreachable: bool = False,
        too_large: bool = False,
        unsendable: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.out_of_time = out_of_time
        self.unknown_host = unknown_host
        self.unreachable = unreachable
        self.too_large = too_large
        self.unsendable = unsendable
