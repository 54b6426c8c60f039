"""A JSON value that knows where it stands, so that errors name line and column as Elasticsearch's parsers do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from headpond import exact_json
from headpond.errors import RestError
from headpond.inference.json_position import Path, coordinates, find
from headpond.node.call import loads, malformed

AT = "\x00"
"""Stands in a reason where `line:column` belongs."""

Place = Literal["value", "name", "end"]


class MisplacedError(RestError):
    """An error about one place of a request's body; `located` writes line and column into it.

    Args:
        type: Elasticsearch's exception name.
        reason: the text, with `AT` where the place is written into it.
        source: the value the error is about.
        place: whether the value, its name or its end is meant.
        at: the place written into the reason, when it is another one.
        caused_by: the nested cause.
    """

    def __init__(
        self,
        type: str,
        reason: str,
        source: Json,
        place: Place = "value",
        *,
        at: Place | None = None,
        caused_by: RestError | None = None,
    ) -> None:
        super().__init__(400, type, reason, caused_by=caused_by)
        self.source = source
        self.place: Place = place
        self.at: Place = at or place

    def located(self, body: bytes) -> RestError:
        """This error, and its causes, with the place found in the text of the body."""
        line, column = _find(body, self.source.path, self.place)
        at_line, at_column = _find(body, self.source.path, self.at)
        cause = self.caused_by.located(body) if isinstance(self.caused_by, MisplacedError) else self.caused_by
        extra = {"line": line, "col": column} if self.type == "parsing_exception" else {}
        reason = self.reason.replace(AT, f"{at_line}:{at_column}")
        return RestError(400, self.type, reason, caused_by=cause, extra=extra)


def _find(text: bytes, path: Path, place: Place) -> tuple[int, int]:
    found = find(text, path)
    if found is None:
        return 1, 1
    return coordinates(text, {"value": found.start, "name": found.key, "end": found.end - 1}[place])


@dataclass(frozen=True, slots=True)
class Json:
    """A parsed JSON value and its path from the root of the body."""

    value: Any
    path: Path = ()

    @property
    def token(self) -> str:
        """The name Elasticsearch's parser has for the token that the value starts with."""
        if isinstance(self.value, dict):
            return "START_OBJECT"
        if isinstance(self.value, list):
            return "START_ARRAY"
        if isinstance(self.value, str):
            return "VALUE_STRING"
        if self.value is None:
            return "VALUE_NULL"
        return "VALUE_BOOLEAN" if isinstance(self.value, bool) else "VALUE_NUMBER"

    @property
    def is_object(self) -> bool:
        """Whether this is a JSON object."""
        return isinstance(self.value, dict)

    @property
    def is_array(self) -> bool:
        """Whether this is a JSON array."""
        return isinstance(self.value, list)

    @property
    def is_scalar(self) -> bool:
        """Whether this is neither an object nor an array."""
        return not isinstance(self.value, dict | list)

    @property
    def name(self) -> str:
        """The member's name in its object, or "" for the root and array elements."""
        return self.path[-1] if self.path and isinstance(self.path[-1], str) else ""

    def members(self) -> Iterator[tuple[str, Json]]:
        """The members of an object in their order."""
        for name, value in self.value.items():
            yield name, Json(value, (*self.path, name))

    def elements(self) -> Iterator[Json]:
        """The elements of an array; anything else is its own only element."""
        if not isinstance(self.value, list):
            yield self
            return
        for index, value in enumerate(self.value):
            yield Json(value, (*self.path, index))

    def parsing_error(self, reason: str, place: Place = "value") -> MisplacedError:
        """A `parsing_exception` about this value."""
        return MisplacedError("parsing_exception", reason, self, place)

    def unknown_field(self, parser: str, known: list[str]) -> MisplacedError:
        """An object parser's error for this member's name."""
        reason = f"[{AT}] [{parser}] unknown field [{self.name}]{did_you_mean(self.name, known)}"
        return MisplacedError("x_content_parse_exception", reason, self, "name")

    def unsupported_type(self, parser: str) -> MisplacedError:
        """An object parser's error for a member of the wrong JSON type."""
        reason = f"[{AT}] [{parser}] {self.name} doesn't support values of type: {self.token}"
        return MisplacedError("x_content_parse_exception", reason, self)

    def failed_member(self, parser: str, cause: RestError) -> MisplacedError:
        """An object parser's error around what went wrong inside this member."""
        reason = f"[{AT}] [{parser}] failed to parse field [{self.name}]"
        source, place = (cause.source, cause.place) if isinstance(cause, MisplacedError) else (self, "value")
        return MisplacedError("x_content_parse_exception", reason, source, place, caused_by=cause)

    def text(self) -> str:
        """The value as text, as the parser's `text()` gives it.

        Raises:
            RestError: 400, an object, an array or null.
        """
        if isinstance(self.value, str):
            return self.value
        if isinstance(self.value, bool):
            return "true" if self.value else "false"
        if self.value is None or not self.is_scalar:
            reason = f"Expected text at {AT} but found {self.token}"
            raise MisplacedError("illegal_argument_exception", reason, self)
        return exact_json.dumps(self.value).decode()

    def integer(self) -> int:
        """The value as an integer; numbers in quotes count, decimals are cut off.

        Raises:
            RestError: 400 for anything else.
        """
        return int(self.decimal())

    def decimal(self) -> float:
        """The value as a number; numbers in quotes count.

        Raises:
            RestError: 400 for anything else.
        """
        if isinstance(self.value, int | float) and not isinstance(self.value, bool):
            return float(self.value)
        if isinstance(self.value, str):
            try:
                return float(self.value)
            except ValueError:
                raise not_a_number(self.value) from None
        token = f"VALUE_{self.value}".upper() if isinstance(self.value, bool) else self.token
        reason = f"[{AT}] Current token ({token}) not numeric, can not use numeric value accessors"
        raise MisplacedError("x_content_parse_exception", reason, self)

    def boolean(self) -> bool:
        """The value as a boolean; `"true"` and `"false"` count.

        Raises:
            RestError: 400 for anything else.
        """
        if isinstance(self.value, bool):
            return self.value
        if self.value in ("true", "false"):
            return bool(self.value == "true")
        shown = self.value if isinstance(self.value, str) else self.text()
        reason = f"Failed to parse value [{shown}] as only [true] or [false] are allowed."
        raise RestError(400, "illegal_argument_exception", reason)


def read_json(text: bytes) -> Json:
    """Parses JSON.

    Raises:
        RestError: 400, the text is not JSON, or an object in it has a key twice.
    """
    try:
        return Json(loads(text))
    except orjson.JSONDecodeError as error:
        raise malformed(error) from None


def not_a_number(text: str) -> RestError:
    """Java's error for text that is not a number."""
    return RestError(400, "number_format_exception", f'For input string: "{text}"' if text else "empty String")


def did_you_mean(got: str, known: list[str], *, above: float = 0.5) -> str:
    """The known names that resemble `got`, as Elasticsearch appends them to an error; "" when there are none."""
    scored = sorted((-similarity(got, name), name) for name in known)
    near = [name for score, name in scored if score < -above]
    if not near:
        return ""
    return f" did you mean [{near[0]}]?" if len(near) == 1 else f" did you mean any of [{', '.join(near)}]?"


def similarity(left: str, right: str) -> float:
    """1 - edit distance / the longer length, as Lucene's LevenshteinDistance computes it."""
    if not left or not right:
        return float(left == right)
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        previous, row[0] = row[0], i
        for j, b in enumerate(right, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (a != b))
    return 1 - row[-1] / max(len(left), len(right))
