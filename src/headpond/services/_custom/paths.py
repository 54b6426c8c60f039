"""The subset of JSONPath that Elasticsearch's custom service knows: `$.field.list[*].field`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from headpond.services._http.upstream import MalformedError

_STEP = re.compile(r"\.([^.\[]+)|\[\*\]")


@dataclass(frozen=True, slots=True)
class JsonPath:
    """A path into a JSON value.

    Attributes:
        text: as it was written.
        steps: names of members; None goes through all items of a list.
    """

    text: str
    steps: tuple[str | None, ...]

    @classmethod
    def parse(cls, text: str) -> JsonPath:
        """Reads a path.

        Raises:
            ValueError: it is none; the text says where.
        """
        path = text.strip()
        if not path.startswith("$"):
            raise ValueError(f"Path [{path}] must start with a dollar sign ($)")
        steps, at = [], 1
        while at < len(path):
            found = _STEP.match(path, at)
            if found is None:
                problem = f"unable to extract a field name at [{path[at:]}]; valid are [.name] and [[*]]"
                raise ValueError(f"Invalid path received [{path}], {problem}")
            steps.append(found[1])
            at = found.end()
        return cls(path, tuple(steps))

    def extract(self, body: Any) -> Any:
        """What the path leads to; every `[*]` makes a list, and lists inside lists stay such.

        Raises:
            MalformedError: it leads nowhere; the text names the path and the place.
        """
        return self._go(body, 0)

    def _go(self, current: Any, depth: int) -> Any:
        if depth == len(self.steps):
            return current
        step = self.steps[depth]
        if step is None:
            if not isinstance(current, list):
                raise self._failed(depth, f"it holds no list but {_kind(current)}")
            return [self._go(item, depth + 1) for item in current]
        if not isinstance(current, dict):
            raise self._failed(depth, f"it holds no object but {_kind(current)}")
        if current.get(step) is None:
            raise self._failed(depth, f"unable to find field [{step}] in it")
        return self._go(current[step], depth + 1)

    def _failed(self, depth: int, what: str) -> MalformedError:
        where = "$" + "".join("[*]" if step is None else f".{step}" for step in self.steps[:depth])
        return MalformedError(f"Failed to follow the path [{self.text}] in the response: at [{where}], {what}")


def _kind(value: Any) -> str:
    kinds = {str: "a text", bool: "a boolean", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return kinds.get(type(value), "null")
