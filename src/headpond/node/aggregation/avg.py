"""`avg`: the mean of the values."""

from __future__ import annotations

import math

from headpond.node.aggregation._metric import Metric, one_value, total
from headpond.node.aggregation.base import Answer, Scope


class Avg(Metric):
    """The mean of all values, None where there are none."""

    type = "avg"

    def run(self, scope: Scope) -> Answer:
        """Looks at all values of the field."""
        numbers, field = self.numbers(scope)
        value = total(numbers) / len(numbers) if len(numbers) else None
        return Answer(self.type, one_value(value, field), {"": math.nan if value is None else value})
