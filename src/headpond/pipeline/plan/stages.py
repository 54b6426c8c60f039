"""Says in a line what each processor of a pipeline does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from headpond.stages.chain import Chain, Link

LONGEST = 100
_NOT_SAID = {"description", "tag", "condition", "on_failure"}


@dataclass(frozen=True, slots=True)
class Stage:
    """One processor.

    Attributes:
        name: where it stands, as in `processors[1].inference`.
        kind: which processor it is.
        does: its description, else its options.
        condition: its `if`; None for every record.
    """

    name: str
    kind: str
    does: str
    condition: str | None


def describe_stages(chain: Chain) -> list[Stage]:
    """The processors in their order."""
    return [describe(link) for link in chain.links]


def describe(link: Link) -> Stage:
    """One processor."""
    spec = link.processor.spec
    kind = link.processor.name.rpartition(".")[2]
    condition = link.applies.source if link.applies is not None else None
    return Stage(link.processor.name, kind, spec.description or _options(link, kind), condition)


def _options(link: Link, kind: str) -> str:
    outputs = link.processor.outputs()
    if outputs:
        pairs = getattr(link.processor.spec, "input_output", None)
        if pairs:
            fields = ", ".join(f"{pair.input_field} -> {pair.output_field}" for pair in pairs)
            return f"{fields} by {outputs[0][1]}"
    given = link.processor.spec.model_dump(exclude_defaults=True, exclude=_NOT_SAID)
    text = ", ".join(f"{name}: {_value(value)}" for name, value in given.items()) or kind
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _value(value: Any) -> str:
    return orjson.dumps(value, default=str).decode()
