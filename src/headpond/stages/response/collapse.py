"""Keeps the best hit of each value of a field, as OpenSearch's processor of this name.

Unlike the `collapse` of a search body it may stand behind a rerank, and beside a compound retriever. Fewer hits are
left than were found: `oversample` fills the page.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import Field

from headpond.stages.response import _field
from headpond.stages.response.base import Hit, ResponseProcessor, ResponseProcessorSpec, Results


class CollapseSpec(ResponseProcessorSpec):
    """Options of `collapse`."""

    field: str = Field(min_length=1, description="The field; hits without it are all kept.")
    context_prefix: str | None = Field(
        None, description="Taken for the sake of OpenSearch's pipelines; nothing needs it here."
    )


class Collapse(ResponseProcessor[CollapseSpec]):
    """Leaves out hits that have the value of an earlier one."""

    Spec = CollapseSpec

    def process(self, results: Results) -> None:
        """Takes out hits and annotates those that stand for others.

        `_headpond.collapsed` is `{"field", "value", "count", "ids"}`: how many hits had this value, this one included,
        and the ids of those left out, best first.
        """
        kept: list[Hit] = []
        first: dict[str, Hit] = {}
        for hit in results.hits:
            value = _field.get(hit, self.spec.field)
            if value is None:
                kept.append(hit)
                continue
            best = first.setdefault(_key(value), hit)
            if best is hit:
                kept.append(hit)
                note = {"field": self.spec.field, "value": value, "count": 0, "ids": []}
                hit["_headpond"] = {**hit.get("_headpond", {}), "collapsed": note}
            else:
                best["_headpond"]["collapsed"]["ids"].append(hit["_id"])
            best["_headpond"]["collapsed"]["count"] += 1
        results.hits[:] = kept

    def fields(self) -> list[str]:
        """The field it looks at."""
        return [self.spec.field]


def _key(value: Any) -> str:
    return json.dumps(value, sort_keys=True)  # unlike orjson's, of any text that an answer may hold
