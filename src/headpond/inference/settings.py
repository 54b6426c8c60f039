"""Reading settings one by one, collecting what is wrong with them in Elasticsearch's words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

from headpond.inference import hidden_url
from headpond.inference.invalid import status_exception, validation_failed

T = TypeVar("T")

SERVICE_SETTINGS = "service_settings"
TASK_SETTINGS = "task_settings"

_JAVA_NAMES: Mapping[type, str] = {
    str: "String",
    int: "Integer",
    float: "Double",
    bool: "Boolean",
    dict: "Map",
    list: "List",
}

_FRAMING = frozenset({"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer"})


class Settings:
    """One object of settings; every read takes a key out, what is left in the end is unknown.

    Args:
        values: the object.
        scope: its name in messages, as in `service_settings`.
        problems: collects texts; shared by the scopes of one endpoint, so that one answer names all problems.
    """

    def __init__(self, values: Mapping[str, Any], scope: str, problems: list[str] | None = None) -> None:
        self._left = dict(values)
        self.scope = scope
        self.problems: list[str] = [] if problems is None else problems

    def text(self, name: str, *, required: bool = False) -> str | None:
        """A string that is not empty."""
        value = self._take(name, str, required)
        if value is not None and not value.strip():
            self.wrong(f"Invalid value empty string. [{name}] must be a non-empty string")
            return None
        return value

    def required_text(self, name: str) -> str:
        """A string that must be there; the empty string stands in for it until `finish` raises."""
        return self.text(name, required=True) or ""

    def positive(self, name: str, *, required: bool = False) -> int | None:
        """A whole number above zero."""
        value = self._take(name, int, required)
        if value is not None and value <= 0:
            self.wrong(f"Invalid value [{value}]. [{name}] must be a positive integer")
            return None
        return value

    def at_least(self, name: str, minimum: int) -> int | None:
        """A whole number not below `minimum`."""
        value = self._take(name, int, False)
        if value is not None and value < minimum:
            self.wrong(f"Invalid value [{value}]. [{name}] must be a greater than or equal to [{minimum}]")
            return None
        return value

    def between(self, name: str, low: int, high: int, *, required: bool = False) -> int | None:
        """A whole number from `low` to `high`."""
        value = self._take(name, int, required)
        if value is not None and value < low:
            self.wrong(f"Invalid value [{value}]. [{name}] must be a greater than or equal to [{low}]")
        elif value is not None and value > high:
            self.wrong(f"Invalid value [{value}]. [{name}] must be a less than or equal to [{high}]")
        return value

    def integer(self, name: str) -> int | None:
        """Any whole number."""
        return self._take(name, int, False)

    def number(self, name: str, *, low: float | None = None, high: float | None = None) -> float | None:
        """A number, from `low` to `high` where they are given."""
        value = self._take(name, float, False)
        if value is not None and low is not None and value < low:
            self.wrong(f"Invalid value [{value}]. [{name}] must be a greater than or equal to [{low}]")
        elif value is not None and high is not None and value > high:
            self.wrong(f"Invalid value [{value}]. [{name}] must be a less than or equal to [{high}]")
        return value

    def flag(self, name: str) -> bool | None:
        """A boolean."""
        return self._take(name, bool, False)

    def choice(self, name: str, options: Iterable[str], *, required: bool = False) -> str | None:
        """One of a few words, in any case."""
        value = self.text(name, required=required)
        if value is None:
            return None
        valid = sorted(options)
        if value.lower() not in valid:
            self.wrong(f"Invalid value [{value}] received. [{name}] must be one of [{', '.join(valid)}]")
            return None
        return value.lower()

    def url(self, name: str, *, required: bool = False) -> str | None:
        """An http or https URL with a host."""
        value = self.text(name, required=required)
        if value is None:
            return None
        reason = _url_problem(value)
        if reason:
            quoted = hidden_url.blanked(value)
            error = f"Error: unable to parse url [{quoted}]. Reason: {reason}"
            self.wrong(f"Invalid url [{quoted}] received for field [{name}]. {error}")
        return value

    def mapping(self, name: str) -> dict[str, Any] | None:
        """A nested object."""
        return self._take(name, dict, False)

    def items(self, name: str) -> list[Any] | None:
        """A list of anything."""
        return self._take(name, list, False)

    def texts(self, name: str) -> list[str] | None:
        """A list of strings."""
        values = self._take(name, list, False)
        if values is not None and not all(isinstance(value, str) for value in values):
            self._mistyped(name, values, "List of String")
            return None
        return values

    def string_map(self, name: str) -> dict[str, str] | None:
        """An object whose values are strings."""
        values = self.mapping(name)
        if values is not None and not all(isinstance(value, str) for value in values.values()):
            self.wrong(f"Map field [{name}] must hold strings only")
            return None
        return values

    def headers(self, name: str) -> dict[str, str] | None:
        """HTTP headers; those that say how a request is framed and where it goes are not the user's to set."""
        headers = self.string_map(name)
        self.refuse_framing(name, headers or {})
        return headers

    def refuse_framing(self, name: str, headers: Iterable[str]) -> None:
        """Notes headers that would frame a request in another way than it is sent, or send it elsewhere."""
        for header in headers:
            if header.strip().lower() in _FRAMING:
                self.wrong(f"does not allow the header [{header}] in [{name}]")

    def wrong(self, problem: str) -> None:
        """Notes a problem of this scope."""
        self.problems.append(f"[{self.scope}] {problem}")

    def left(self) -> dict[str, Any]:
        """What nobody read."""
        return self._left

    def raise_problems(self) -> None:
        """Raises what was noted.

        Raises:
            RestError: 400 `validation_exception` that lists all problems.
        """
        if self.problems:
            raise validation_failed(self.problems, "validation_exception")

    def _take(self, name: str, kind: type[T], required: bool) -> T | None:
        value = self._left.pop(name, None)
        if value is None:
            if required:
                self.wrong(f"does not contain the required setting [{name}]")
            return None
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self._mistyped(name, value, _JAVA_NAMES[kind])
            return None
        return value

    def _mistyped(self, name: str, value: object, wanted: str) -> None:
        shown = "***" if _secretive(name) else java_text(value)
        reason = f"The value [{shown}] cannot be converted to a [{wanted}]"
        self.problems.append(f"field [{name}] is not of the expected type. {reason}")


def refuse_unknown(left: Mapping[str, Any], service: str) -> None:
    """Refuses settings nobody read.

    Raises:
        RestError: 400, names them all.
    """
    if left:
        reason = f"Model configuration contains settings [{java_text(left)}] unknown to the [{service}] service"
        raise status_exception(400, reason)


def java_text(value: Any) -> str:
    """A JSON value as Java prints it inside Elasticsearch's messages: `{a=1, b=[x, true]}`.

    Values of keys that look like secrets are blanked, so that a misspelt `api_key` never shows its value; so is what
    may be a secret in an address.
    """
    if isinstance(value, Mapping):
        shown = (f"{key}={'***' if _secretive(key) else java_text(item)}" for key, item in value.items())
        return "{" + ", ".join(shown) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(java_text(item) for item in value) + "]"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return hidden_url.shown(str(value))


def _secretive(key: str) -> bool:
    plain = key.lower().replace("-", "_")
    words = ("key", "secret", "token", "password", "credential", "authorization", "entra", "account_json")
    counts = ("tokens", "tokenizer", "max_token")
    return any(word in plain for word in words) and not any(count in plain for count in counts)


def _url_problem(value: str) -> str | None:
    try:
        parts = urlsplit(value)
        port_is_number = parts.port is None or parts.port >= 0
    except ValueError as error:
        return str(error)
    if " " in value or not port_is_number:
        return "Illegal character"
    if parts.scheme not in ("http", "https"):
        return "the scheme must be http or https"
    if parts.username is not None or parts.password is not None:
        return "it holds a user name or password; give credentials in the settings that are made for them"
    return None if parts.hostname else "the host is missing"
