"""Index settings: flat or nested, with or without the `index.` prefix, go in; nested strings come out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from headpond.errors import RestError
from headpond.inference.duration import parse_duration
from headpond.node.call import illegal_argument
from headpond.node.search.json import did_you_mean

Settings = dict[str, Any]
"""Flat names with their `index.` prefix; values are strings or lists of strings."""

FINAL = frozenset({"index.number_of_shards", "index.codec", "index.routing_partition_size"})
"""Settings of a live index that never change."""

DYNAMIC = frozenset(
    {
        "index.analyze.max_token_count",
        "index.auto_expand_replicas",
        "index.blocks.metadata",
        "index.blocks.read",
        "index.blocks.read_only",
        "index.blocks.read_only_allow_delete",
        "index.blocks.write",
        "index.default_pipeline",
        "index.final_pipeline",
        "index.gc_deletes",
        "index.hidden",
        "index.highlight.max_analyzed_offset",
        "index.indexing.slowlog.level",
        "index.lifecycle.name",
        "index.mapping.coerce",
        "index.mapping.depth.limit",
        "index.mapping.dimension_fields.limit",
        "index.mapping.exclude_source_vectors",
        "index.mapping.field_name_length.limit",
        "index.mapping.ignore_malformed",
        "index.mapping.nested_fields.limit",
        "index.mapping.nested_objects.limit",
        "index.mapping.total_fields.ignore_dynamic_beyond_limit",
        "index.mapping.total_fields.limit",
        "index.max_docvalue_fields_search",
        "index.max_inner_result_window",
        "index.max_ngram_diff",
        "index.max_refresh_listeners",
        "index.max_regex_length",
        "index.max_rescore_window",
        "index.max_result_window",
        "index.max_script_fields",
        "index.max_shingle_diff",
        "index.max_slices_per_scroll",
        "index.max_terms_count",
        "index.number_of_replicas",
        "index.priority",
        "index.query.default_field",
        "index.refresh_interval",
        "index.search.idle.after",
        "index.store.type",
        "index.translog.durability",
        "index.translog.flush_threshold_size",
        "index.translog.sync_interval",
        "index.unassigned.node_left.delayed_timeout",
        "index.write.wait_for_active_shards",
    }
)
OPEN_PREFIXES = (
    "index.analysis.",
    "index.merge.",
    "index.routing.allocation.",
    "index.similarity.",
    "index.search.slowlog.",
    "index.indexing.slowlog.",
)
MISSING = {
    "index.blocks": "blocks",
    "index.lifecycle": "index lifecycle management",
    "index.mapping.coerce": "coerce for a whole index; set it for each field",
    "index.mapping.ignore_malformed": "ignore_malformed for a whole index; set it for each field",
    "index.mapping.total_fields.ignore_dynamic_beyond_limit": "way to leave fields beyond the limit out",
    "index.mode": "index modes",
    "index.sort.field": "index sorting",
    "index.mapping.source.mode": "synthetic source",
}


def flatten(body: Mapping[str, Any], prefix: str = "") -> Settings:
    """Flat names without a prefix, in the order given; null values are kept."""
    flat: Settings = {}
    for name, value in body.items():
        path = f"{prefix}{name}"
        if isinstance(value, Mapping) and value:
            flat |= flatten(value, f"{path}.")
        elif not isinstance(value, Mapping):
            flat[path] = value
    return flat


USUAL = {
    "index.mapping.coerce": "true",
    "index.mode": "standard",
}
"""Values of settings that headpond does not have but that change nothing; for others that is `false`."""


def read_settings(body: Mapping[str, Any]) -> Settings:
    """Settings with the `index.` prefix, as strings; null stays None.

    Raises:
        RestError: 400, a setting is not known or its value is not valid; 501, headpond does not have it.
    """
    settings: Settings = {}
    for name, value in flatten(body).items():
        full = name if name.startswith("index.") else f"index.{name}"
        settings[full] = _text(value)
        _check_known(full, settings[full])
        if settings[full] is not None:
            _check_value(full, settings[full])
    return settings


def _text(value: Any) -> Any:
    if isinstance(value, list):
        return [_text(item) for item in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)


def _check_known(name: str, value: Any) -> None:
    for missing, feature in MISSING.items():
        unusual = value not in (None, USUAL.get(name, "false"))
        if unusual and (name == missing or name.startswith(f"{missing}.")):
            raise RestError(
                501,
                "not_implemented_exception",
                f"the setting [{name}] is not supported by headpond: it has no {feature}",
            )
    missing_too = any(name == missing or name.startswith(f"{missing}.") for missing in MISSING)
    if missing_too or name in DYNAMIC or name in FINAL or name.startswith(OPEN_PREFIXES):
        return
    hint = did_you_mean(name, sorted(DYNAMIC | FINAL), above=0.7) or (
        " please check that any required plugins are installed, or check the breaking changes documentation for "
        "removed settings"
    )
    raise illegal_argument(f"unknown setting [{name}]{hint}")


def _check_value(name: str, value: Any) -> None:
    if name in ("index.number_of_replicas", "index.number_of_shards"):
        lowest = 1 if name.endswith("shards") else 0
        try:
            number = int(value)
        except ValueError:
            cause = RestError(400, "number_format_exception", f'For input string: "{value}"')
            reason = f"Failed to parse value [{value}] for setting [{name}]"
            raise RestError(400, "illegal_argument_exception", reason, caused_by=cause) from None
        if number < lowest:
            raise illegal_argument(f"Failed to parse value [{value}] for setting [{name}] must be >= {lowest}")
        if name.endswith("shards") and number > 1024:
            raise illegal_argument(f"Failed to parse value [{value}] for setting [{name}] must be <= 1024")
    if name == "index.refresh_interval":
        refresh_seconds(value)


def refresh_seconds(value: str) -> float | None:
    """`index.refresh_interval` in seconds; None for -1, which switches refreshes off.

    Raises:
        RestError: 400, it is no time.
    """
    try:
        seconds = parse_duration(value, "index.refresh_interval")
    except ValueError as error:
        number = re.sub("(nanos|micros|ms|s|m|h|d)$", "", value)
        if number != value and number.strip("+-. 0123456789"):
            cause = RestError(400, "number_format_exception", f'For input string: "{number}"')
            reason = f"failed to parse [{value}]"
            raise RestError(400, "illegal_argument_exception", reason, caused_by=cause) from None
        raise illegal_argument(str(error)) from None
    return None if seconds < 0 else seconds


def nested(settings: Settings) -> dict[str, Any]:
    """The settings as Elasticsearch shows them: `{"index": {...}}` with one object a part of the name."""
    shown: dict[str, Any] = {}
    for name, value in settings.items():
        node = shown
        *parents, last = name.split(".")
        for part in parents:
            inner = node.setdefault(part, {})
            if not isinstance(inner, dict):
                inner = node[part] = {}
            node = inner
        node[last] = value
    return shown
