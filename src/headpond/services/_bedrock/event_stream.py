"""AWS's event streams, decoded by botocore (https://smithy.io/2.0/aws/amazon-eventstream.html)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx

from headpond.services._bedrock.signing import missing
from headpond.services._http.events import Event

CONTENT_TYPE = "application/vnd.amazon.eventstream"
ERROR = "error:"
"""What the names of errors inside a stream begin with; then follows AWS's name of the error."""


def decode(response: httpx.Response) -> Iterator[Event]:
    """Events by their `:event-type`.

    Raises:
        ValueError: the answer is no such stream, or is damaged, or ends inside an event.
        RestError: 400, botocore is not installed.
    """
    try:
        from botocore.eventstream import EventStreamBuffer, ParserError
    except ModuleNotFoundError as error:
        raise missing(error) from None
    kind = response.headers.get("content-type", "")
    if kind.partition(";")[0].strip() != CONTENT_TYPE:
        raise ValueError(f"The answer is not a stream of events: it is [{kind}] instead of [{CONTENT_TYPE}]")
    buffer, waiting = EventStreamBuffer(), 0
    for part in response.iter_bytes():
        buffer.add_data(part)
        waiting += len(part)
        try:
            for message in buffer:
                waiting -= message.prelude.total_length
                yield _event(message.headers, message.payload.decode(errors="replace"))
        except (ParserError, KeyError) as error:
            raise ValueError(f"Failed to parse an event of the response: {error}") from None
    if waiting:
        raise ValueError("The response ends inside an event")


def _event(headers: dict[str, Any], payload: str) -> Event:
    kind = headers.get(":message-type")
    if kind == "event":
        return Event(str(headers.get(":event-type")), payload)
    if kind == "exception":
        return Event(f"{ERROR}{headers.get(':exception-type')}", payload)
    return Event(f"{ERROR}{headers.get(':error-code')}", str(headers.get(":error-message")))
