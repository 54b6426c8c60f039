"""What every aggregation gives, and how aggregations are read from JSON."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

from headpond.errors import RestError
from headpond.node.call import illegal_argument
from headpond.node.search.found import Masks, count
from headpond.node.search.json import AT, Json, MisplacedError, did_you_mean
from headpond.node.search.rewriter import Rewriter
from headpond.node.search.shard import Shard
from headpond.registry import Registry

MISSING = (
    "adjacency_matrix", "auto_date_histogram", "avg_bucket", "boxplot", "bucket_correlation", "bucket_count_ks_test",
    "bucket_script", "bucket_selector", "bucket_sort", "categorize_text", "change_point", "children", "composite",
    "cumulative_cardinality", "cumulative_sum", "date_histogram", "date_range", "derivative", "diversified_sampler",
    "extended_stats", "extended_stats_bucket", "frequent_item_sets", "geo_bounds", "geo_centroid", "geo_distance",
    "geo_line", "geohash_grid", "geohex_grid", "geotile_grid", "global", "histogram", "inference", "ip_prefix",
    "ip_range", "matrix_stats", "max_bucket", "median_absolute_deviation", "min_bucket", "missing", "moving_fn",
    "moving_percentiles", "multi_terms", "nested", "normalize", "parent", "percentile_ranks", "percentiles",
    "percentiles_bucket", "random_sampler", "range", "rare_terms", "rate", "reverse_nested", "sampler",
    "scripted_metric", "serial_diff", "significant_terms", "significant_text", "stats_bucket", "string_stats",
    "sum_bucket", "t_test", "time_series", "top_hits", "top_metrics", "variable_width_histogram", "weighted_avg",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scope:
    """The documents that an aggregation is about.

    Attributes:
        shards: where they are.
        masks: which of them.
        typed: whether names in the answer begin with their types (`typed_keys`).
    """

    shards: list[Shard]
    masks: Masks
    typed: bool = False

    @property
    def count(self) -> int:
        """How many documents these are."""
        return count(self.masks)

    def within(self, masks: Masks) -> Scope:
        """Some of them."""
        return replace(self, masks=masks)


@dataclass(frozen=True, slots=True)
class Answer:
    """What an aggregation found.

    Attributes:
        kind: the type's name that `typed_keys` shows, as in `sterms`.
        body: the members of the answer.
        numbers: what buckets may be ordered by, "" for the one value there is.
    """

    kind: str
    body: dict[str, Any]
    numbers: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Aggregation(ABC):
    """One aggregation of a tree.

    Attributes:
        type: the name in `{"<name>": {"<type>": {...}}}`.
        has_buckets: whether others may stand below it.
        name: what the request calls it.
        below: the aggregations of its buckets.
        meta: is shown as it was given.
    """

    type: ClassVar[str]
    has_buckets: ClassVar[bool] = False

    name: str = ""
    below: tuple[Aggregation, ...] = ()
    meta: dict[str, Any] | None = None

    @classmethod
    @abstractmethod
    def parse(cls, source: Json) -> Self:
        """Reads the body.

        Raises:
            RestError: 400 for what Elasticsearch does not know, 501 for what is known but missing here.
        """

    @abstractmethod
    def run(self, scope: Scope) -> Answer:
        """Looks at the documents.

        Raises:
            RestError: 400, the field does not suit the aggregation.
        """

    def rewrite(self, rewriter: Rewriter) -> Aggregation:
        """The aggregation with what inference endpoints have to say."""
        return replace(self, below=tuple(one.rewrite(rewriter) for one in self.below)) if self.below else self


AGGREGATIONS: Registry[Aggregation] = Registry("aggregation", "headpond.node.aggregation", Aggregation)  # type: ignore[type-abstract]


def answers(aggregations: tuple[Aggregation, ...], scope: Scope) -> dict[str, Any]:
    """The members of an answer for aggregations that stand side by side."""
    return shown(scope, [(one, one.run(scope)) for one in aggregations])


def shown(scope: Scope, found: list[tuple[Aggregation, Answer]]) -> dict[str, Any]:
    """The members of an answer."""
    return {
        f"{answer.kind}#{one.name}" if scope.typed else one.name: {
            **({} if one.meta is None else {"meta": one.meta}),
            **answer.body,
        }
        for one, answer in found
    }


def parse_aggregations(source: Json) -> tuple[Aggregation, ...]:
    """Reads `{"<name>": {"<type>": {...}, "aggs": {...}, "meta": {...}}}`.

    Raises:
        RestError: 400 for malformed or unknown aggregations, 501 for those that are known but missing.
    """
    return tuple(_parse(name, definition) for name, definition in source.members())


def _parse(name: str, source: Json) -> Aggregation:
    if not name or any(mark in name for mark in "[]>"):
        rule = "Aggregation names can contain any character except '[', ']', and '>'"
        raise source.parsing_error(f"Invalid aggregation name [{name}]. {rule}", "name")
    if not source.is_object:
        found = f"Aggregation definition for [{name} starts with a [{source.token}], expected a [START_OBJECT]."
        raise source.parsing_error(found)
    made: Aggregation | None = None
    below: tuple[Aggregation, ...] = ()
    meta = None
    for member, value in source.members():
        if not value.is_object:
            reason = f"Expected [START_OBJECT] under [{member}], but got a [{value.token}] in [{name}]"
            raise value.parsing_error(reason)
        if member == "meta":
            meta = value.value
        elif member in ("aggs", "aggregations"):
            below = parse_aggregations(value)
        elif made is not None:
            reason = f"Found two aggregation type definitions in [{name}]: [{made.type}] and [{member}]"
            raise value.parsing_error(reason)
        else:
            made = _known(member, value).parse(value)
    if made is None:
        raise source.parsing_error(f"Missing definition for aggregation [{name}]", "end")
    if below and not made.has_buckets:
        raise illegal_argument(f"Aggregator [{name}] of type [{made.type}] cannot accept sub-aggregations")
    return replace(made, name=name, below=below, meta=meta)


def _known(name: str, source: Json) -> type[Aggregation]:
    if name in MISSING:
        raise RestError(501, "not_implemented_exception", f"the aggregation [{name}] is not implemented")
    if name not in AGGREGATIONS:
        cause = MisplacedError("named_object_not_found_exception", f"[{AT}] unknown field [{name}]", source)
        near = did_you_mean(name, [*AGGREGATIONS.names(), *MISSING])
        reason = f"Unknown aggregation type [{name}]{near}"
        raise MisplacedError("parsing_exception", reason, source, caused_by=cause)
    return AGGREGATIONS.get(name)
