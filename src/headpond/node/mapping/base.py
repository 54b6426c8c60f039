"""What every field type gives: how values are indexed, and how a query's value is read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from headpond.errors import RestError
from headpond.node.call import illegal_argument
from headpond.node.mapping.similarity import BM25, Similarity

if TYPE_CHECKING:
    from headpond.node.analysis.analysis import Analysis
    from headpond.node.analysis.analyzer import Analyzer
    from headpond.node.store.sink import FieldSink


class BadValue(Exception):
    """A value does not fit its field; the document's parser turns it into the answer.

    Args:
        reason: Elasticsearch's text.
        type: Elasticsearch's name of the cause.
        inner: keys and array positions that lead from the field's value to the offending part.
        at_end: the offending part is the end of the value.
        shown: how the message shows the whole value; None shows it as it is.
        caused_by: the cause's own cause.
    """

    def __init__(
        self,
        reason: str,
        *,
        type: str = "illegal_argument_exception",
        inner: tuple[str | int, ...] = (),
        at_end: bool = False,
        shown: str | None = None,
        caused_by: RestError | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.type = type
        self.inner = inner
        self.at_end = at_end
        self.shown = shown
        self.caused_by = caused_by


@dataclass(frozen=True, slots=True)
class Parameter:
    """One option of a field type.

    Attributes:
        default: what holds when the option is not given; None where there is no default.
        updatable: whether `PUT _mapping` may change it.
        read: turns the given value into the one that is kept; raises a RestError, in whose reason
            `{name}` stands for the field's.
    """

    default: Any = None
    updatable: bool = False
    read: Callable[[Any], Any] = lambda value: value


def boolean(value: Any) -> bool:
    """A boolean option, also as a string."""
    if value in (True, "true"):
        return True
    if value in (False, "false"):
        return False
    raise illegal_argument(f"Failed to parse value [{value}] as only [true] or [false] are allowed.")


def integer(value: Any) -> int:
    """An integer option, also as a string; a number loses its fraction, as in `XContentMapValues.nodeIntegerValue`."""
    if isinstance(value, float):
        return int(value)
    try:
        return int(str(value))
    except ValueError:
        raise RestError(400, "number_format_exception", f'For input string: "{value}"') from None


COMMON = {
    "meta": Parameter(updatable=True),
    "store": Parameter(default=False, read=boolean),
}


class FieldType(ABC):
    """One field of a mapping.

    Args:
        path: full dotted path.
        options: the mapping's body of this field, without `type`, `fields` and `copy_to`.
        analysis: the analyzers of the index.

    Attributes:
        type: the name in mappings, which is the module's name.
        ordered: whether range queries and sorting by number apply (numbers, dates, booleans).
        whole_arrays: whether `index` gets a JSON array as it stands instead of its items one by one (vectors).
        plain_errors: how the parser words a bad value: `failed to parse: REASON` instead of naming field and value.
        parameters: the options the type knows.
        path: full dotted path.
        options: the options that were given and differ from the defaults, for `GET _mapping`.
        fields: multi-fields by their own name.
        copy_to: paths that get this field's values too.

    Raises:
        RestError: 400 `mapper_parsing_exception`, an option is unknown or its value is not valid.
    """

    type: ClassVar[str]
    ordered: ClassVar[bool] = False
    whole_arrays: ClassVar[bool] = False
    plain_errors: ClassVar[bool] = False
    parameters: ClassVar[dict[str, Parameter]] = COMMON

    def __init__(self, path: str, options: dict[str, Any], analysis: Analysis) -> None:
        self.path = path
        self.fields: dict[str, FieldType] = {}
        self.copy_to: list[str] = []
        self._values: dict[str, Any] = {}
        for name, value in options.items():
            parameter = self.parameters.get(name)
            if parameter is None:
                raise mapper_parsing(f"unknown parameter [{name}] on mapper [{self.name}] of type [{self.type}]")
            if value is None and name != "null_value":
                reason = f"[{name}] on mapper [{self.name}] of type [{self.type}] must not have a [null] value"
                raise mapper_parsing(reason)
            try:
                self._values[name] = parameter.read(value)
            except RestError as error:
                reason = error.reason.replace("{name}", self.name)
                raise RestError(error.status, error.type, reason, caused_by=error.caused_by) from None
        self.options = {name: value for name, value in self._values.items() if value != self.parameters[name].default}
        self.bm25: Similarity = analysis.similarities.get("default", BM25)
        self.configure(analysis)

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition(".")[2]

    def option(self, name: str) -> Any:
        """The value of an option, given or default."""
        return self._values.get(name, self.parameters[name].default)

    def configure(self, analysis: Analysis) -> None:  # noqa: B027 - most types have nothing to check
        """Reads the options once, after they have been checked."""

    def described(self) -> dict[str, Any]:
        """The field's body for `GET _mapping`."""
        body: dict[str, Any] = {"type": self.type, **self.shown_options()}
        if self.fields:
            body["fields"] = {name: self.fields[name].described() for name in sorted(self.fields)}
        if self.copy_to:
            body["copy_to"] = list(self.copy_to)
        return body

    def shown_options(self) -> dict[str, Any]:
        """The options that `GET _mapping` shows."""
        return self.options

    def conflicts(self, other: FieldType) -> list[str]:
        """Why this type cannot be replaced by `other`, one line a parameter."""
        lines = []
        for name, parameter in self.parameters.items():
            before, after = self.option(name), other.option(name)
            if not parameter.updatable and before != after:
                lines.append(f"Cannot update parameter [{name}] from [{_shown(before)}] to [{_shown(after)}]")
        return lines

    @abstractmethod
    def index(self, value: Any, sink: FieldSink) -> None:
        """Adds one value of one document.

        Args:
            value: a parsed JSON value, never null, and a list only where `whole_arrays` is set.
            sink: receives terms, column values and vectors for the current document.

        Raises:
            BadValue: the value does not fit the type.
        """

    def null(self, sink: FieldSink) -> None:
        """Adds what an explicit null stands for: the option `null_value`, where the type has it and it is given."""
        if "null_value" in self.parameters and self.option("null_value") is not None:
            self.index(self.option("null_value"), sink)

    def term(self, value: Any) -> str:
        """The indexed term a query's value stands for (types with postings).

        Raises:
            RestError: 400, the value does not fit the type, or the type has no terms.
        """
        raise RestError(400, "illegal_argument_exception", f"Field [{self.path}] of type [{self.type}] has no terms")

    def number(self, value: Any, *, round_up: bool = False) -> float | int:
        """The column value a query's value stands for (ordered types).

        Args:
            value: a number, or a date with date math.
            round_up: whether `||/d` and missing date parts round up, as `gt` and `lte` want it.

        Raises:
            RestError: 400, the value does not fit the type.
        """
        raise RestError(400, "illegal_argument_exception", f"Field [{self.path}] of type [{self.type}] is not a number")

    @property
    def search_analyzer(self) -> Analyzer | None:
        """How a match query's text becomes terms; None means that the whole value is one term."""
        return None


def mapper_parsing(reason: str) -> RestError:
    """A 400 `mapper_parsing_exception` about one field; the mapping's reader wraps it."""
    return RestError(400, "mapper_parsing_exception", reason)


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else "null" if value is None else str(value)
