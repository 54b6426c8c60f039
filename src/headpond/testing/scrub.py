"""Takes out of an answer what differs from run to run, so that it can be kept and compared."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from headpond.testing.compare import Json

# Values that no two nodes share: only their type is compared.
VOLATILE = frozenset(
    {
        "took",
        "index_uuid",
        "uuid",
        "cluster_name",
        "cluster_uuid",
        "build_hash",
        "build_date",
        "build_flavor",
        "build_type",
        "lucene_version",
        "creation_date",
        "created",
        "node",
        "node_id",
    }
)
PLACES = frozenset({"line", "col"})  # where in the request's text the parser stood: left out
AUTO_ID = re.compile(r"^[A-Za-z0-9_-]{20}$")
POSITION = re.compile(r"\[\d+:\d+\] ")  # the same in a text
SOURCE = re.compile(r"\n at \[Source: .*", re.DOTALL)  # the same, with the text
LISTED = re.compile(r"\[([^\[\]]+, [^\[\]]+)\]")  # names in a message, in an order that changes from start to start
INDEX_UUID = re.compile(r"/[A-Za-z0-9_-]{22}\]")  # as in [index/uuid]
HASH = re.compile(r"@[0-9a-f]{5,8}\b")  # a Java object's identity


class Scrubber:
    """Scrubs the answers of one test; generated ids keep their identity (`<id:1>`) across them."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}

    def scrub(self, answer: Json) -> Json:
        """A copy of `answer` with volatile values replaced by `<their type>`."""
        if isinstance(answer, Mapping):
            return {key: self._member(key, value) for key, value in answer.items() if key not in PLACES}
        if isinstance(answer, list):
            return [self.scrub(one) for one in answer]
        if isinstance(answer, str):
            return self._text(answer)
        return answer

    def _member(self, key: str, value: Any) -> Json:
        if key in VOLATILE and isinstance(value, str | int) and not isinstance(value, bool):
            return f"<{type(value).__name__}>"
        if key == "_id" and isinstance(value, str) and AUTO_ID.match(value):
            return self._ids.setdefault(value, f"<id:{len(self._ids) + 1}>")
        if key == "_source":
            return value
        if key in ("reason", "error") and isinstance(value, str):
            return LISTED.sub(_in_order, self._text(value))
        return self.scrub(value)

    def _text(self, text: str) -> str:
        for found, name in self._ids.items():
            text = text.replace(found, name)
        for pattern, instead in ((POSITION, ""), (SOURCE, ""), (INDEX_UUID, "/<uuid>]"), (HASH, "@<hash>")):
            text = pattern.sub(instead, text)
        return text


def _in_order(found: re.Match[str]) -> str:
    return f"[{', '.join(sorted(found[1].split(', ')))}]"
