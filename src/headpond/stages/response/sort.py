"""Orders hits by their fields, or the list in a field of each hit.

`field` sorts a list inside of every hit, as OpenSearch's processor of this name: numbers by their value, texts and
mixtures as texts. `by` orders the hits themselves, in the form of Elasticsearch's `sort`: after a rerank, say, so that
the best hits come with the cheapest first. Hits without the field come last, and equal ones stay in their order.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from headpond.stages.degraded import Degraded
from headpond.stages.response import _field
from headpond.stages.response.base import Hit, ResponseProcessor, ResponseProcessorSpec, Results

Order = Literal["asc", "desc"]


class SortKey(BaseModel):
    """One key that hits are ordered by."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    field: str = Field(min_length=1)
    order: Order = "asc"
    missing: Literal["_last", "_first"] = "_last"


def _keys(given: Any) -> Any:
    """Elasticsearch's short forms written out: `price`, `{price: desc}`, `{price: {order: desc}}`."""
    return [_key(item) for item in (given if isinstance(given, list) else [given])]


def _key(item: Any) -> Any:
    if isinstance(item, str):
        item = {item: {}}
    if not isinstance(item, dict) or len(item) != 1:
        raise ValueError("a key is a field, or one field with its order, as in {price: desc}")
    field, options = next(iter(item.items()))
    if not isinstance(options, dict):
        options = {"order": options}
    # Elasticsearch sorts by score from the best on when nothing is said.
    return {"field": field, **({"order": "desc"} if field == "_score" else {}), **options}


class SortSpec(ResponseProcessorSpec):
    """Options of `sort`."""

    field: str | None = Field(None, min_length=1, description="A field with a list, sorted in every hit.")
    order: Order = Field("asc", description="`asc` or `desc`, of the list.")
    target_field: str | None = Field(
        None, min_length=1, description="Where the sorted list is written; `field` when left out."
    )
    by: Annotated[list[SortKey], BeforeValidator(_keys)] | None = Field(
        None,
        min_length=1,
        description="What the hits are ordered by, as Elasticsearch's `sort`: `year`, `{year: desc}`, `_score`, "
        "`{year: {order: desc, missing: _first}}`.",
    )
    window: int | None = Field(
        None,
        ge=1,
        le=10_000,
        description="How many of the first hits `by` orders; left out: the largest window of the other processors, and "
        "behind it each page for itself.",
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> SortSpec:
        if (self.field is None) == (self.by is None):
            raise ValueError("sort needs either [field], a list in every hit, or [by], an order of the hits")
        return self


class Sort(ResponseProcessor[SortSpec]):
    """Orders hits, or lists in them."""

    Spec = SortSpec

    @property
    def window(self) -> int:
        """The hits it orders."""
        return self.spec.window or 0

    def fields(self) -> list[str]:
        """The fields it looks at."""
        if self.spec.field is not None:
            return [self.spec.field]
        return [key.field for key in self.spec.by or () if not key.field.startswith("_")]

    def process(self, results: Results) -> None:
        """Orders what it is asked to order."""
        if self.spec.by is not None:
            if self.spec.window is not None:
                self._order(results.hits, slice(self.spec.window), self.spec.by)
                return
            # What is ordered must not grow with the page, else pages repeat hits and leave others out.
            self._order(results.hits, slice(results.window), self.spec.by)
            self._order(results.hits, slice(max(results.window, results.start), None), self.spec.by)
        elif self.spec.field is not None:
            self._sort_lists(results, self.spec.field)

    @staticmethod
    def _order(hits: list[Hit], part: slice, keys: list[SortKey]) -> None:
        ordered = hits[part]
        for key in reversed(keys):  # stable: the first key has the last word
            ordered = _ordered(ordered, key)
        hits[part] = ordered

    def _sort_lists(self, results: Results, field: str) -> None:
        others = 0
        for hit in results.hits:
            value = _field.get(hit, field)
            if not isinstance(value, list) or not all(isinstance(item, str | int | float) for item in value):
                others += value is not None
                continue
            numbers = all(not isinstance(item, str) for item in value)
            ordered = sorted(value, key=None if numbers else str, reverse=self.spec.order == "desc")
            try:
                _field.put(hit, self.spec.target_field or field, ordered)
            except ValueError:
                others += 1
        if others:
            reason = f"[{field}] of {others} of {len(results.hits)} hits is no list that could be sorted"
            results.degraded.append(Degraded(self.name, reason, 0))


def _ordered(hits: list[Hit], key: SortKey) -> list[Hit]:
    descends = key.order == "desc"
    values = [_comparable(_field.get(hit, key.field), descends) for hit in hits]
    there = [place for place, value in enumerate(values) if value is not None]
    missing = [hit for hit, value in zip(hits, values, strict=True) if value is None]
    there.sort(key=lambda place: values[place] or (0, 0), reverse=descends)
    found = [hits[place] for place in there]
    return [*missing, *found] if key.missing == "_first" else [*found, *missing]


def _comparable(value: Any, descends: bool) -> tuple[int, Any] | None:
    """A value that can be compared with any other: numbers before texts; of a list its least or largest."""
    if isinstance(value, list):
        items = [item for item in (_comparable(one, descends) for one in value) if item is not None]
        return (max(items) if descends else min(items)) if items else None
    if isinstance(value, bool | int | float):
        return 0, value
    return (1, value) if isinstance(value, str) else None
