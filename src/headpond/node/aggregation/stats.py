"""`stats`: number, least, largest, mean and sum of the values."""

from __future__ import annotations

import math
from typing import Any

from headpond.node.aggregation._field import as_text
from headpond.node.aggregation._metric import Metric, total
from headpond.node.aggregation.base import Answer, Scope


class Stats(Metric):
    """Five numbers about all values; without values there is neither least, largest nor mean."""

    type = "stats"

    def run(self, scope: Scope) -> Answer:
        """Looks at all values of the field."""
        numbers, field = self.numbers(scope)
        added = total(numbers)
        body: dict[str, Any] = {"count": len(numbers)}
        if not len(numbers):
            body |= {"min": None, "max": None, "avg": None, "sum": added}
            return Answer(self.type, body, {"count": 0, "min": math.inf, "max": -math.inf, "avg": math.nan, "sum": 0})
        found = {"min": float(numbers.min()), "max": float(numbers.max()), "avg": added / len(numbers), "sum": added}
        body |= found
        for name, value in found.items():
            if (text := as_text(field, value)) is not None:
                body[f"{name}_as_string"] = text if text not in ("true", "false") else text == "true"
        return Answer(self.type, body, {"count": len(numbers), **found})
