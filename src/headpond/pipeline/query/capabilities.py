"""What a target was seen to be able to do, so that it is not asked in vain with every search."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Mapping
from typing import Any

from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch

from headpond.pipeline.api_error import cause
from headpond.pipeline.query.retrieve.field_groups import FieldGroups, semantic_fields
from headpond.stages.deadline import Deadline

KEPT_SECONDS = 3600.0
"""How long a refusal is believed: a licence may be bought, a cluster updated."""

MAPPING_SECONDS = 60.0
"""How long the fields of an index are."""

OLDEST = (9, 2)
"""The first version whose `rrf` has weights and whose formulas are those of `headpond.ranking`."""

MOST_SECONDS = 5.0
"""What looking something up may take."""

_log = logging.getLogger(__name__)


class Capabilities:
    """Of one target.

    Its version is asked once. Licences are not asked for: what a target does with the first search that needs one
    says more, as it counts for the pond and for search keys that must not read `_license` too. What it refuses is not
    tried again for an hour.
    """

    def __init__(self) -> None:
        self._fuses: bool | None = None
        self._until = 0.0
        self._groups: dict[str, tuple[float, FieldGroups]] = {}

    def fuses(self, client: Elasticsearch, deadline: Deadline) -> bool:
        """Whether the target may be able to answer `rrf` and `linear`, as the client does."""
        if self._fuses is None or time.monotonic() > self._until:
            self._keep(self._is_new_enough(client, deadline))
        return bool(self._fuses)

    def refused(self, answer: Mapping[str, Any]) -> None:
        """Remembers a failed item of an `_msearch` when it says that the target lacks fusion altogether."""
        reason = cause(answer.get("error"))
        status = answer.get("status")
        if status == 501 or (status == 403 and "license" in reason) or "unknown retriever" in reason:
            _log.debug("the target does not fuse (%s); the client does", reason)
            self._keep(False)

    def groups(self, client: Elasticsearch, index: str, deadline: Deadline) -> FieldGroups:
        """The groups of the fields of an index; without an answer all are lexical."""
        known = self._groups.get(index)
        if known is None or time.monotonic() > known[0]:
            known = time.monotonic() + MAPPING_SECONDS, _look_up(_within(client, deadline), index)
            self._groups[index] = known
        return known[1]

    def _keep(self, fuses: bool) -> None:
        self._until = time.monotonic() + KEPT_SECONDS
        self._fuses = fuses

    def _is_new_enough(self, client: Elasticsearch, deadline: Deadline) -> bool:
        try:
            version = _within(client, deadline).info().get("version") or {}
        except (ApiError, TransportError) as error:
            _log.debug("the target does not tell its version (%s); the client fuses", error)
            return False
        numbers = re.match(r"(\d+)\.(\d+)", str(version.get("number")))
        # OpenSearch counts its versions anew.
        return numbers is not None and "distribution" not in version and tuple(map(int, numbers.groups())) >= OLDEST


def _within(client: Elasticsearch, deadline: Deadline) -> Elasticsearch:
    return client.options(request_timeout=max(0.001, min(deadline.left, MOST_SECONDS)), max_retries=0)


def _look_up(client: Elasticsearch, index: str) -> FieldGroups:
    try:
        mappings = client.indices.get_mapping(index=index).body
        settings = client.indices.get_settings(index=index, name="index.query.default_field").body
    except (ApiError, TransportError) as error:
        _log.debug("the fields of [%s] are not known (%s); all count as lexical", index, error)
        return FieldGroups()
    semantic: set[str] = set()
    for one in mappings.values():
        semantic.update(semantic_fields(one["mappings"].get("properties") or {}))
    fields: dict[str, None] = {}
    for one in settings.values():
        given = one["settings"].get("index", {}).get("query", {}).get("default_field", "*")
        fields.update(dict.fromkeys([given] if isinstance(given, str) else given))
    return FieldGroups(frozenset(semantic), tuple(fields) or ("*",))
