"""Leaving out tokens of a sparse query that stand in many documents and weigh little."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from headpond.errors import RestError
from headpond.node.search.json import Json
from headpond.node.search.shard import Shard

Tokens = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Pruning:
    """Which tokens are left out: those that are both frequent and light.

    Attributes:
        ratio: a token is frequent when it stands in more than `ratio` times as many documents as the average token.
        weight: a token is light when its weight is at most this part of the heaviest one's.
        only_pruned: keeps the tokens that would be left out instead of the others.
    """

    ratio: float = 5.0
    weight: float = 0.4
    only_pruned: bool = False


def split(shard: Shard, path: str, tokens: Tokens, pruning: Pruning) -> Tokens:
    """The tokens that are kept.

    Tokens that no document holds are left out in either case. The rule is that of Elasticsearch's `pruning_config`.
    """
    fields = [leaf.segment.sparse[path] for leaf in shard.leaves if path in leaf.segment.sparse]
    doc_count = sum(field.doc_count for field in fields)
    if not doc_count or not tokens:
        return ()
    entries = sum(len(field.docs) for field in fields)
    average = entries / doc_count / max(len(field.rows) for field in fields)
    heaviest = max(weight for _, weight in tokens)

    def is_kept(token: str, weight: float) -> bool:
        doc_freq = sum(
            int(field.starts[row + 1] - field.starts[row])
            for field in fields
            if (row := field.rows.get(token)) is not None
        )
        if not doc_freq:
            return False
        kept = doc_freq / doc_count < pruning.ratio * average or weight > pruning.weight * heaviest
        return kept != pruning.only_pruned

    return tuple((token, weight) for token, weight in tokens if is_kept(token, weight))


def read_pruning(source: Json) -> Pruning:
    """Reads `pruning_config`.

    Raises:
        RestError: 400, an unknown member or a value out of range.
    """
    values: dict[str, Any] = {}
    for name, value in source.members():
        if name == "only_score_pruned_tokens":
            values["only_pruned"] = value.boolean()
        elif name in ("tokens_freq_ratio_threshold", "tokens_weight_threshold"):
            values["ratio" if "ratio" in name else "weight"] = value.decimal()
        else:
            raise value.parsing_error(f"[pruning_config] unknown token [{name}]", "name")
    pruning = Pruning(**values)
    if not 1 <= pruning.ratio <= 100:
        reason = "[tokens_freq_ratio_threshold] must be between [1] and [100], got "
        raise RestError(400, "illegal_argument_exception", f"{reason}{pruning.ratio}")
    if not 0 <= pruning.weight <= 1:
        reason = "[tokens_weight_threshold] must be between 0 and 1"
        raise RestError(400, "illegal_argument_exception", reason)
    return pruning
