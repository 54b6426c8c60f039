"""Reading members and numbers out of providers' answers; what does not fit is said, not passed on."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from headpond.services._http.events import Event
from headpond.services._http.upstream import MalformedError


def member(body: Any, name: str, answer: str) -> Any:
    """A member that must be there.

    Args:
        body: a parsed answer, or a part of one.
        name: of the member.
        answer: what the answer is called in messages, as in `OpenAI embeddings`.

    Raises:
        MalformedError: it is not.
    """
    if not isinstance(body, dict) or body.get(name) is None:
        raise MalformedError(f"Failed to find required field [{name}] in {answer} response")
    return body[name]


def items(body: Any, name: str, answer: str) -> list[Any]:
    """A member that must be a list."""
    found = member(body, name, answer)
    if not isinstance(found, list):
        raise MalformedError(f"Field [{name}] in {answer} response is not an array")
    return found


def text(body: Any, name: str, answer: str) -> str:
    """A member that must be a text."""
    found = member(body, name, answer)
    if not isinstance(found, str):
        raise MalformedError(f"Field [{name}] in {answer} response is not a text")
    return found


def mapping(body: Any, name: str, answer: str) -> dict[str, Any]:
    """A member that must be an object."""
    found = member(body, name, answer)
    if not isinstance(found, dict):
        raise MalformedError(f"Field [{name}] in {answer} response is not an object")
    return found


def json_object(event: Event) -> dict[str, Any]:
    """The object in an event of a stream."""
    try:
        body = orjson.loads(event.data)
    except orjson.JSONDecodeError as error:
        raise MalformedError(f"Failed to parse an event of the response: {error.msg}") from None
    if not isinstance(body, dict):
        raise MalformedError("An event of the response is not an object")
    return body


def by_index(found: list[Any]) -> list[Any]:
    """Items in the order of their `index`, if each has its own: servers that work in parallel answer out of order."""
    if len(found) == 1:
        return found
    indexes = [item.get("index") if isinstance(item, dict) else None for item in found]
    if all(isinstance(index, int) for index in indexes) and set(indexes) == set(range(len(found))):
        return sorted(found, key=lambda item: int(item["index"]))
    return found


def floats(rows: Sequence[Any], count: int) -> NDArray[np.float32]:
    """One vector for each input.

    Args:
        rows: arrays of numbers, or base64 of little-endian float32.
        count: how many there must be.

    Returns:
        float32[count, dimensions], all finite.
    """
    check_count(len(rows), count)
    return _matrix([_packed(row) if isinstance(row, str) else row for row in rows], np.float32)


def bytes_(rows: Sequence[Any], count: int) -> NDArray[np.int8]:
    """One vector of signed bytes for each input, int8[count, bytes]."""
    check_count(len(rows), count)
    matrix = _matrix(rows, np.float64)
    if matrix.size and (matrix.min() < -128 or matrix.max() > 127):
        worst = matrix.min() if matrix.min() < -128 else matrix.max()
        raise MalformedError(f"Value [{worst:g}] is out of range for a byte")
    return matrix.astype(np.int8)


def check_count(got: int, wanted: int) -> None:
    """Refuses an answer with too few or too many results."""
    if got != wanted:
        reason = f"Error the number of embedding responses [{got}] does not equal the number of requests [{wanted}]"
        raise MalformedError(reason)


def tokens(value: Any) -> int | None:
    """A token count, or None where the provider gave none."""
    return int(value) if isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0 else None


def total_tokens(body: Any) -> int | None:
    """`usage.total_tokens` of an answer, or None where the provider gave none."""
    usage = body.get("usage") if isinstance(body, dict) else None
    return tokens(usage.get("total_tokens")) if isinstance(usage, dict) else None


def _packed(text: str) -> NDArray[np.float32]:
    try:
        return np.frombuffer(base64.b64decode(text, validate=True), dtype="<f4")
    except (ValueError, binascii.Error):
        raise MalformedError("An embedding is neither numbers nor base64 of float32") from None


def _matrix(rows: Sequence[Any], kind: type[np.floating[Any]]) -> NDArray[Any]:
    try:
        matrix = np.array(rows)
    except (ValueError, TypeError):
        raise MalformedError("The embeddings are not numbers, or not of one length") from None
    if matrix.dtype.kind not in "iuf":  # numpy would read texts and truth values as numbers
        raise MalformedError("The embeddings are not numbers, or not of one length")
    with np.errstate(over="ignore"):  # what is too large becomes infinite, which is refused below
        matrix = matrix.astype(kind, copy=False)
    if matrix.ndim != 2 or matrix.shape[1] == 0:
        raise MalformedError("An embedding is not an array of numbers")
    if not np.isfinite(matrix).all():
        raise MalformedError("An embedding holds a value that is no number")
    return matrix
