"""Pairs of an input and the place of its output, also for every object of a list on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from headpond.stages import fields, java
from headpond.stages.fields import MISSING
from headpond.stages.record import Record


@dataclass(frozen=True, slots=True)
class Slot:
    """A value read, and where what is made of it goes.

    Attributes:
        value: the value; `fields.MISSING` when there is none.
        holder: the object that the output path is relative to.
        output: the output path in `holder`.
    """

    value: Any
    holder: Record
    output: str

    def fill(self, value: Any) -> None:
        """Writes the output.

        Raises:
            ValueError: something on the way is no object.
        """
        fields.put(self.holder, self.output, value)


def slots(record: Record, source: str, target: str) -> Iterator[Slot]:
    """Pairs of input value and output place.

    With `source="passages.text"` and `target="passages.vector"` every passage gets its own vector. Elasticsearch does
    not enter lists here; the names of their objects' fields are errors there.

    Raises:
        ValueError: the input leads through a list that the output does not lead through.
    """
    holder, rest = _list_on_the_way(record, source)
    if holder is None:
        value = fields.get(record, source) if fields.has(record, source) else MISSING
        yield Slot(value, record, target)
        return
    prefix = source.removesuffix(rest)
    if not target.startswith(prefix):
        where = prefix.removesuffix(".")
        raise ValueError(f"[{where}] is a list, so the output of [{source}] must lie in it, not at [{target}]")
    for item in holder:
        if not isinstance(item, dict):
            kind = java.type_name(item)
            raise ValueError(f"[{prefix.removesuffix('.')}] holds [{kind}] where [{source}] needs objects")
        yield from slots(Record(item), rest, target.removeprefix(prefix))


def _list_on_the_way(record: Record, source: str) -> tuple[list[Any] | None, str]:
    """The first list that the path enters by a name, and the path behind it."""
    parts = source.split(".")
    for length in range(1, len(parts)):
        path = ".".join(parts[:length])
        if path in ("_ingest", "_source") or not fields.has(record, path):
            continue
        value = fields.get(record, path)
        if isinstance(value, list) and not parts[length].isdecimal():
            return value, ".".join(parts[length:])
    return None, source
