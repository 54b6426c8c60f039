"""One call of one operation: what a handler reads from a request, with Elasticsearch's errors for malformed parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import orjson

from headpond import exact_json
from headpond.errors import RestError
from headpond.inference.json_position import line_and_column
from headpond.node.http import Request
from headpond.repeated_keys import first_repeated, repeated_key

if TYPE_CHECKING:
    from headpond.node.security.access import Access

ALWAYS_ALLOWED = frozenset({"pretty", "human", "error_trace", "filter_path"})


def illegal_argument(reason: str, caused_by: RestError | None = None) -> RestError:
    """A 400 `illegal_argument_exception`."""
    return RestError(400, "illegal_argument_exception", reason, caused_by=caused_by)


@dataclass(frozen=True)
class Call:
    """A request with the parts of its path.

    Attributes:
        request: the request.
        parts: values of the route's placeholders, percent-decoded; an index expression only holds what is allowed.
        access: what the sender may do; None where everybody may do everything.
    """

    request: Request
    parts: Mapping[str, str] = field(default_factory=dict)
    access: Access | None = None

    @property
    def sender(self) -> str:
        """Who sent the request, for what only its maker may use; "" where nobody is asked."""
        if self.access is None:
            return ""
        subject = self.access.subject
        return f"key {subject.key_id}" if subject.key_id else f"user {subject.username} of {subject.realm[0]}"

    def part(self, name: str) -> str:
        """A path part that the route certainly has."""
        return self.parts[name]

    def text(self, name: str, default: str | None = None) -> str | None:
        """A query parameter as it was given."""
        return self.request.query.get(name, default)

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean query parameter; present without a value means true."""
        value = self.request.query.get(name)
        if value is None:
            return default
        if value in ("", "true"):
            return True
        if value == "false":
            return False
        cause = illegal_argument(f"Failed to parse value [{value}] as only [true] or [false] are allowed.")
        raise illegal_argument(f"Could not convert [{name}] to boolean", cause)

    def integer(self, name: str, default: int | None = None) -> int | None:
        """An integer query parameter."""
        value = self.request.query.get(name)
        if value is None:
            return default
        try:
            return int(value)
        except ValueError:
            cause = RestError(400, "number_format_exception", f'For input string: "{value}"')
            raise illegal_argument(f"Failed to parse int parameter [{name}] with value [{value}]", cause) from None

    def names(self, name: str) -> list[str] | None:
        """A comma-separated query parameter, or None when it is absent."""
        value = self.request.query.get(name)
        return None if value is None else [item for item in value.split(",") if item]

    @cached_property
    def body(self) -> Any:
        """The parsed JSON body, or None when there is none.

        Raises:
            RestError: 400, the body is not JSON, or an object in it has a key twice.
        """
        if not self.request.body.strip():
            return None
        try:
            return loads(self.request.body)
        except orjson.JSONDecodeError as error:
            raise malformed(error) from None

    @property
    def required_body(self) -> Any:
        """The parsed JSON body.

        Raises:
            RestError: 400 `parse_exception` when there is none.
        """
        if self.body is None:
            raise RestError(400, "parse_exception", "request body is required")
        return self.body

    def check(self, action: str, names: Iterable[str]) -> None:
        """Refuses an action on indices and aliases that a body names, unless it is allowed on all of them.

        Raises:
            RestError: 403.
        """
        if self.access is not None:
            self.access.check(action, names)

    def may(self, action: str, name: str) -> bool:
        """Whether an action is allowed on an index or alias."""
        return self.access is None or self.access.may(action, name)


def loads(raw: bytes) -> Any:
    """One JSON value, read as strictly as Elasticsearch reads it.

    Raises:
        orjson.JSONDecodeError: the text is no JSON.
        RestError: 400, an object in it has a key twice.
    """
    value = exact_json.loads(raw)
    if isinstance(value, dict | list) and repeated_key(raw, value) is not None:
        raise repeated(raw)
    return value


def repeated(raw: bytes) -> RestError:
    """The answer to a text in which an object has a key twice; it does not quote the text, which may hold secrets."""
    key, end = first_repeated(raw)
    return RestError(400, "x_content_parse_exception", f"[{line_and_column(raw, end)}] Duplicate field '{key}'")


def malformed(error: orjson.JSONDecodeError) -> RestError:
    """The answer to bytes that are not JSON, with line and column."""
    where = f"[{error.lineno}:{error.colno}]"
    if "UTF-8" in error.msg and not error.doc:
        return RestError(400, "x_content_parse_exception", f"{where} Invalid UTF-8")
    if error.pos >= len(error.doc):
        return RestError(400, "x_content_e_o_f_exception", f"{where} Unexpected end of file")
    return RestError(400, "x_content_parse_exception", f"{where} {error.msg}")
