"""`scaled_float`: decimals kept as whole multiples of 1/scaling_factor."""

from __future__ import annotations

import math
from typing import ClassVar

from headpond.node.analysis.analysis import Analysis
from headpond.node.mapping.base import Parameter, mapper_parsing
from headpond.node.mapping.types._number import FloatType, NumberType


class ScaledFloat(FloatType):
    """Decimals kept as whole multiples of 1/scaling_factor."""

    type = "scaled_float"
    parameters: ClassVar[dict[str, Parameter]] = {
        **NumberType.parameters,
        "scaling_factor": Parameter(updatable=True, read=float),
    }

    def configure(self, analysis: Analysis) -> None:
        """Checks the factor, which is required."""
        factor = self.option("scaling_factor")
        if factor is None:
            raise mapper_parsing(
                f"Failed to parse mapping: Field [{self.name}] misses required parameter [scaling_factor]"
            )
        if not (math.isfinite(factor) and factor > 0):
            raise mapper_parsing(f"[scaling_factor] must be a positive number, got [{factor}]")
        self._factor: float = factor
        super().configure(analysis)

    def rounded(self, value: float) -> float:
        """The nearest multiple, halves away from zero towards positive infinity as Java's `Math.round` has it."""
        return math.floor(value * self._factor + 0.5) / self._factor if math.isfinite(value) else value
