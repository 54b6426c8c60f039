"""What every field type gives: how values are indexed, and how a query's value is read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from headpond.errors import RestError

if TYPE_CHECKING:
    from headpond.node.analysis.analyzer import Analyzer
    from headpond.node.store.builder import FieldSink


class FieldType(ABC):
    """One field of a mapping.

    Args:
        path: full dotted path.
        options: the mapping's body of this field, already checked by the type.

    Attributes:
        type: the name in mappings, which is the module's name.
        path: full dotted path.
        options: the options as the user gave them, for `GET _mapping`.
        ordered: whether range queries and sorting by number apply (numbers, dates, booleans).
    """

    type: ClassVar[str]
    ordered: ClassVar[bool] = False

    def __init__(self, path: str, options: dict[str, Any]) -> None:
        self.path = path
        self.options = options

    @abstractmethod
    def index(self, value: Any, sink: FieldSink) -> None:
        """Adds one value of one document.

        Args:
            value: a parsed JSON value, never a list (but for vectors) and never null.
            sink: receives terms, column values and vectors for the current document.

        Raises:
            RestError: 400 `document_parsing_exception`, the value does not fit the type.
        """

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
