"""The `if` of a processor: a Painless condition, as a text or as `{source, params}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headpond.errors import RestError
from headpond.stages.painless import values
from headpond.stages.painless.parser import parse
from headpond.stages.painless.tokens import UnsupportedError
from headpond.stages.record import Record

READ = (
    "ctx and params with their members, methods of texts, lists and objects, comparisons, instanceof, =~, !, &&, || "
    "and ?:"
)


class Condition:
    """A condition that has been read.

    Args:
        given: a text, or an object with `source` and `params`.

    Attributes:
        source: the text.

    Raises:
        ValueError: the condition is more than is supported here; says what, and where in it.
    """

    def __init__(self, given: str | Mapping[str, Any]) -> None:
        params: Any = {}
        if isinstance(given, str):
            self.source = given
        else:
            self.source, params = _script(given)
        self._params = params
        try:
            self._expression = parse(self.source)
        except UnsupportedError as error:
            raise ValueError(
                f"the condition {self.source!r} is no Painless that is supported here: {error}; supported are {READ}"
            ) from None

    def __call__(self, record: Record) -> bool:
        """Whether a record meets it.

        Raises:
            RestError: it cannot be told, as when a field of null is asked for a member.
        """
        try:
            return values.truth(self._expression({"ctx": record.root, "params": self._params}))
        except RestError as error:
            extra = {"script": self.source, "lang": "painless"}
            raise RestError(400, "script_exception", "runtime error", caused_by=error, extra=extra) from None


def _script(given: Mapping[str, Any]) -> tuple[str, Any]:
    if "id" in given:
        raise ValueError("a stored script as a condition is not supported here, write its `source`")
    if set(given) - {"source", "params", "lang"} or not isinstance(given.get("source"), str):
        raise ValueError("a condition is a text, or an object with `source` and `params`")
    if given.get("lang", "painless") != "painless":
        raise ValueError(f"a condition in {given['lang']!r} is not supported here, only in Painless")
    return given["source"], given.get("params") or {}
