"""Which processors a pipeline may name, and what is said about those that are not here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from headpond.errors import UnknownNameError
from headpond.stages.ingest import PROCESSORS
from headpond.stages.ingest.base import Processor

MISSING: Mapping[str, str] = {
    "attachment": "extract texts before they are ingested",
    "cef": "",
    "circle": "",
    "community_id": "",
    "date_index_name": "give the job its index",
    "enrich": "",
    "geo_grid": "",
    "geoip": "",
    "grok": "use dissect, or gsub and split",
    "ip_location": "",
    "network_direction": "",
    "normalize_for_stream": "",
    "recover_failure_document": "",
    "redact": "use gsub",
    "registered_domain": "use uri_parts",
    "remediate": "",
    "reroute": "give the job its index",
    "script": "use the other processors with their conditions, or a stage of your own in Python",
    "set_security_user": "",
    "user_agent": "",
    "xml": "",
}
"""Processors that Elasticsearch has and this toolkit has not, with what to do instead."""


class Known:
    """The processors that are here, by name.

    Args:
        stages: more of them, by name.
        elasticsearch: only those that Elasticsearch has too.
    """

    kind = "processor"
    missing = MISSING

    def __init__(
        self, stages: Mapping[str, type[Processor[Any]]] | None = None, *, elasticsearch: bool = False
    ) -> None:
        self._stages = dict(stages or {})
        self._elasticsearch = elasticsearch

    def names(self) -> list[str]:
        """All names, sorted."""
        return sorted(name for name in {*PROCESSORS.names(), *self._stages} if name in self)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __contains__(self, name: object) -> bool:
        if name in self._stages:
            return True
        if name not in PROCESSORS:
            return False
        return not self._elasticsearch or PROCESSORS.get(str(name)).elasticsearch

    def get(self, name: str) -> type[Processor[Any]]:
        """The class of a processor.

        Raises:
            UnknownNameError: there is none of this name.
        """
        if name not in self:
            raise UnknownNameError(self.kind, name, self.names())
        return self._stages[name] if name in self._stages else PROCESSORS.get(name)


OURS = Known()
"""All processors of this toolkit and of what is installed beside it."""
