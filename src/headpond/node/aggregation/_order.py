"""What buckets are ordered by."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from headpond.errors import RestError
from headpond.node.aggregation.base import Aggregation
from headpond.node.call import illegal_argument
from headpond.node.search.json import Json

COUNT, KEY = "_count", "_key"


@dataclass(frozen=True, slots=True)
class Order:
    """One key of an order.

    Attributes:
        path: `_count`, `_key`, or a metric below, as in `price` and `prices.max`.
        descending: whether the largest comes first.
    """

    path: str
    descending: bool

    @property
    def name(self) -> str:
        """The aggregation below; "" for the bucket's own count and key."""
        return "" if self.path in (COUNT, KEY) else self.path.partition(".")[0]

    @property
    def member(self) -> str:
        """Which number of that aggregation; "" and `value` for the only one."""
        member = self.path.partition(".")[2]
        return "" if member == "value" else member

    @property
    def reverses(self) -> bool:
        """Whether ranks are sorted from the largest on."""
        return self.path == KEY and self.descending

    def check(self, below: tuple[Aggregation, ...]) -> None:
        """Checks that there is such an aggregation.

        Raises:
            RestError: 400, there is none; 501 for one inside another.
        """
        if ">" in self.path or "[" in self.path:
            raise RestError(501, "not_implemented_exception", f"the order [{self.path}] is not implemented")
        if all(one.name != self.name for one in below):
            start = f"Invalid aggregation order path [{self.path}]"
            raise illegal_argument(f"{start}. Cannot find aggregation named [{self.name}]")

    def rank(self, key: Any, count: int, numbers: dict[str, float]) -> Any:
        """What is sorted; numbers that are none come last."""
        if self.path == KEY:
            return key
        number = count if self.path == COUNT else numbers[self.path]
        if math.isnan(number):
            return (1, 0.0)
        return (0, -number if self.descending else number)


DEFAULT_ORDER = (Order(COUNT, True), Order(KEY, False))


def read_order(source: Json) -> tuple[Order, ...]:
    """Reads `{"_count": "desc"}` or a list of such; equal buckets are ordered by their keys.

    Raises:
        RestError: 400, a direction is neither `asc` nor `desc`.
    """
    found = []
    for element in source.elements():
        if not element.is_object or len(element.value) != 1:
            raise element.parsing_error("Must specify at least one field for [order]")
        ((path, direction),) = element.members()
        if str(direction.value).lower() not in ("asc", "desc"):
            raise direction.parsing_error(f"Unknown order direction [{direction.value}]")
        found.append(Order(path, str(direction.value).lower() == "desc"))
    if all(order.path != KEY for order in found):
        found.append(Order(KEY, False))
    return tuple(found)
