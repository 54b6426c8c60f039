"""Secrets of an endpoint, in a type that shows nothing by accident."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import unquote_plus

from headpond.errors import RestError
from headpond.inference.invalid import status_exception


class Secrets:
    """Names and values that must not be seen: `repr`, `str` and formatting show names only.

    Args:
        values: name -> value, as in `api_key`.
    """

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self._values = dict(values or {})

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def get(self, name: str) -> str | None:
        """The value, or None."""
        return self._values.get(name)

    def reveal(self) -> dict[str, str]:
        """All values in the open, for the file they are kept in."""
        return dict(self._values)

    def redact(self, text: str) -> str:
        """The text with every secret value in it blanked; upstream error messages like to quote keys."""
        for value in _longest_first({*self._values.values(), *map(unquote_plus, self._values.values())}):
            text = text.replace(value, "***")
        return text

    def merged(self, newer: Secrets) -> Secrets:
        """These secrets, replaced by the newer ones where both have the name."""
        return Secrets({**self._values, **newer._values})

    def __bool__(self) -> bool:
        return bool(self._values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secrets) and self._values == other._values

    def __hash__(self) -> int:
        return hash(frozenset(self._values.items()))

    def __repr__(self) -> str:
        return f"Secrets({', '.join(sorted(self._values))})"

    def __reduce__(self) -> tuple[type[Secrets], tuple[dict[str, str]]]:
        raise TypeError("secrets are not pickled")


def _longest_first(values: Iterable[str]) -> list[str]:
    return sorted((value for value in values if value), key=len, reverse=True)


def lost(inference_id: str) -> RestError:
    """The answer of an endpoint whose secrets are gone, as in a copy of a pond without its file of secrets."""
    reason = f"The secrets of the inference endpoint [{inference_id}] are not in this pond any more; give them again"
    return status_exception(400, f"{reason}: PUT _inference/{inference_id}/_update")
