"""The fusions that a search over them tries, and what each makes of the legs' lists."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from headpond import ranking

CONSTANTS = (1, 5, 10, 20, 60)
"""Of `rrf`; those of OpenSearch's hybrid optimizer."""

NORMALIZERS: tuple[ranking.Normalizer, ...] = get_args(ranking.Normalizer)

_STEPS = {2: 10, 3: 10, 4: 5}
_FEWEST_STEPS = 4

Lists = Sequence[ranking.Leg[str]]
"""What each leg found for one query."""


@dataclass(frozen=True, slots=True)
class Family:
    """Fusions that differ in their weights alone.

    Attributes:
        kind: `rrf` or `linear`.
        option: the rank constant or the normalizer.
    """

    kind: str
    option: Any

    @property
    def name(self) -> str:
        """As in `rrf 60` or `linear minmax`."""
        return f"{self.kind} {self.option}"

    def fused(self, lists: Lists, weights: Sequence[float] | None = None) -> ranking.Fusion[str]:
        """One query's lists fused."""
        if self.kind == "rrf":
            return ranking.rrf(lists, self.option, weights)
        return ranking.linear(lists, weights, self.option)

    def rankings(self, lists: Lists, weights: NDArray[np.float32], size: int) -> Iterator[list[str]]:
        """The first documents under each row of weights; the same as `fused` gives, for all rows at once.

        Args:
            lists: of each leg.
            weights: float32[rows, legs].
            size: how many documents.
        """
        whole = self.fused(lists)
        rows = {id: row for row, id in enumerate(whole.ids)}
        # Equal scores keep the order in which the documents are first seen, leg by leg.
        ids = list(dict.fromkeys(id for leg in lists for id, _ in leg))
        shares = whole.contributions[[rows[id] for id in ids]]
        scores = np.zeros((len(weights), len(ids)), np.float32)
        for leg in range(len(lists)):
            scores += weights[:, leg, None] * shares[None, :, leg]
        order = np.argsort(-scores, axis=1, kind="stable")[:, :size]
        return ([ids[place] for place in row] for row in order)


def families() -> list[Family]:
    """All that are tried."""
    return [
        *(Family("rrf", constant) for constant in CONSTANTS),
        *(Family("linear", name) for name in NORMALIZERS),
    ]


def weight_grid(legs: int) -> NDArray[np.float32]:
    """Weights that add up to 1, in steps of 0.1 for two or three legs and coarser ones for more; float32[rows, legs].

    Raises:
        ValueError: fewer than two legs.
    """
    if legs < 2:
        raise ValueError("weights are for two legs or more")
    steps = _STEPS.get(legs, _FEWEST_STEPS)
    rows = [(*row, steps - sum(row)) for row in product(range(steps + 1), repeat=legs - 1) if sum(row) <= steps]
    return np.array(rows, np.float32) / np.float32(steps)
