"""Gives a field of every hit another name, as OpenSearch's processor of this name.

It is renamed in `_source` and in `fields`. Hits without the field stay as they are, and so do those that have one of
the new name already; the answer then says so in `degraded`.
"""

from __future__ import annotations

from pydantic import Field

from headpond.stages.degraded import Degraded
from headpond.stages.response import _field
from headpond.stages.response.base import ResponseProcessor, ResponseProcessorSpec, Results


class RenameFieldSpec(ResponseProcessorSpec):
    """Options of `rename_field`."""

    field: str = Field(min_length=1, description="The field.")
    target_field: str = Field(min_length=1, description="Its new name; dots lead into objects.")


class RenameField(ResponseProcessor[RenameFieldSpec]):
    """Renames a field."""

    Spec = RenameFieldSpec

    def process(self, results: Results) -> None:
        """Renames the field of all hits."""
        field, target = self.spec.field, self.spec.target_field
        if field == target:
            return
        taken = 0
        for hit in results.hits:
            if not _field.has(hit, field):
                continue
            try:
                if _field.has(hit, target):
                    raise ValueError("there is one already")
                _field.rename(hit, field, target)
            except ValueError:
                taken += 1
        if taken:
            reason = f"[{field}] could not become [{target}] in {taken} of {len(results.hits)} hits: the name is taken"
            results.degraded.append(Degraded(self.name, reason, 0))

    def fields(self) -> list[str]:
        """The field it renames."""
        return [self.spec.field]
