"""What an index is, apart from its documents."""

from __future__ import annotations

import base64
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from headpond.node.analysis.analysis import Analysis
from headpond.node.mapping.mapping import Mapping
from headpond.node.mapping.similarity import read_similarities
from headpond.node.store.settings import Settings, nested, refresh_seconds

CREATED_WITH = "9039003"
"""`index.version.created` of Elasticsearch 9.2.4."""


@dataclass(slots=True)
class Metadata:
    """Name, settings, mapping and aliases of an index.

    Attributes:
        number: its key in the tables; a number is never given twice.
        name: its name.
        uuid: 22 characters, as Elasticsearch's.
        created: milliseconds since 1970.
        settings: flat settings with their prefix.
        mapping: the fields; replaced as a whole when it changes.
        analysis: the analyzers.
        aliases: options by alias name.
    """

    number: int
    name: str
    uuid: str
    created: int
    settings: Settings
    mapping: Mapping
    analysis: Analysis
    aliases: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def refresh_interval(self) -> float | None:
        """Seconds after which a write may be searched; None when only explicit refreshes count."""
        return refresh_seconds(self.settings.get("index.refresh_interval", "1s"))

    @property
    def replicas(self) -> int:
        """How many replicas the index asks for; none when it asks for as many as there is room for."""
        if self.settings.get("index.auto_expand_replicas", "false") != "false":
            return 0
        return int(self.settings.get("index.number_of_replicas", "1"))

    @property
    def keeps_vectors_apart(self) -> bool:
        """Whether vectors are left out of `_source` (`index.mapping.exclude_source_vectors`)."""
        return bool(self.settings.get("index.mapping.exclude_source_vectors", "true") == "true")

    def flat_settings(self) -> Settings:
        """All settings that `GET _settings` shows, by flat name."""
        return {
            "index.routing.allocation.include._tier_preference": "data_content",
            "index.number_of_shards": "1",
            "index.number_of_replicas": "1",
            **self.settings,
            "index.provided_name": self.name,
            "index.creation_date": str(self.created),
            "index.uuid": self.uuid,
            "index.version.created": CREATED_WITH,
        }

    def shown_settings(self) -> dict[str, Any]:
        """The settings as objects in objects."""
        return nested(self.flat_settings())


def make_analysis(settings: Settings) -> Analysis:
    """The analyzers and similarities that flat settings define."""
    found = {name: value for name, value in settings.items() if name.startswith("index.analysis.")}
    return Analysis(nested(found).get("index", {}).get("analysis"), read_similarities(settings))


def new_uuid() -> str:
    """22 characters of URL-safe base64 over 16 random bytes."""
    return base64.urlsafe_b64encode(secrets.token_bytes(16)).decode("ascii").rstrip("=")


def now_millis() -> int:
    """Milliseconds since 1970."""
    return int(time.time() * 1000)
