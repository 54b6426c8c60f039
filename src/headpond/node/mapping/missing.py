"""Field types that Elasticsearch knows and headpond does not have yet: they are answered 501 instead of 400."""

from __future__ import annotations

FIELD_TYPES = frozenset(
    [
        "aggregate_metric_double",
        "annotated_text",
        "binary",
        "completion",
        "constant_keyword",
        "counted_keyword",
        "date_nanos",
        "date_range",
        "double_range",
        "flattened",
        "float_range",
        "geo_point",
        "geo_shape",
        "histogram",
        "integer_range",
        "ip_range",
        "join",
        "long_range",
        "match_only_text",
        "murmur3",
        "passthrough",
        "pattern_text",
        "percolator",
        "point",
        "rank_feature",
        "rank_features",
        "rank_vectors",
        "search_as_you_type",
        "semantic_text",
        "shape",
        "token_count",
        "unsigned_long",
        "version",
        "wildcard",
    ]
)
