"""`multi_match` of type `cross_fields`: each word in any of the fields, as if they were one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headpond.node.mapping.base import FieldType
from headpond.node.query._text import TextOptions, analyzer_of, join_terms, match_words, without_terms
from headpond.node.scoring.match import Match, dis_max
from headpond.node.scoring.terms import Weighted, match_term
from headpond.node.search.json import Json
from headpond.node.search.shard import Shard


def match_cross_fields(
    shard: Shard, fields: Mapping[str, float], text: Any, options: TextOptions, tie_breaker: float
) -> list[list[Match]]:
    """What each group of fields with one analyzer finds; the groups' scores are joined by the caller.

    Args:
        shard: where to look.
        fields: boosts by path.
        text: what to look for.
        options: how; operator and minimum apply to the words, not to the fields.
        tie_breaker: how much the lower scores of a word's other fields count.
    """
    groups: dict[object, list[FieldType]] = {}
    for path in fields:
        field = shard.field(path)
        if field is not None:
            analyzer = analyzer_of(shard, field, options, "multi_match")
            key = analyzer if analyzer is not None else "keyword" if field.type == "keyword" else path
            groups.setdefault(key, []).append(field)
    found = []
    for group in groups.values():
        if len(group) == 1:
            path = group[0].path
            matches = match_words(shard, path, text, options, "multi_match")
            found.append([match.times(fields[path]) for match in matches])
        else:
            found.append(_match_group(shard, group, fields, text, options, tie_breaker))
    return found


def _match_group(
    shard: Shard,
    group: list[FieldType],
    boosts: Mapping[str, float],
    text: Any,
    options: TextOptions,
    tie_breaker: float,
) -> list[Match]:
    plain = text if isinstance(text, str) else Json(text).text()
    analyzer = analyzer_of(shard, group[0], options, "multi_match")
    terms = [group[0].term(text)] if analyzer is None else [term for term, _ in analyzer.positioned(plain)]
    if not terms:
        return without_terms(shard, options)
    paths = [field.path for field in group]
    return join_terms(shard, [_blended(shard, paths, boosts, term, tie_breaker) for term in terms], options)


def _blended(shard: Shard, paths: list[str], boosts: Mapping[str, float], term: str, tie_breaker: float) -> list[Match]:
    freqs = blended_freqs(shard, paths, term)
    clauses = [match_term(shard, path, Weighted(term, boosts[path], freqs.get(path))) for path in paths]
    return [
        dis_max(leaf.segment.max_doc, [clause[number] for clause in clauses], tie_breaker)
        for number, leaf in enumerate(shard.leaves)
    ]


def blended_freqs(shard: Shard, paths: list[str], term: str) -> dict[str, int]:
    """The document frequency each field's score is computed with.

    That of the field where the term is most frequent; one more for each step down, so that a field where the term is
    rare does not win by that alone. The rule is that of Elasticsearch's BlendedTermQuery.
    """
    freqs = {path: freq for path in paths if (freq := shard.doc_freq(path, term))}
    if not freqs:
        return {}
    statistics = {path: shard.statistics(path) for path in freqs}
    most = min(
        sum(leaf.segment.max_doc for leaf in shard.leaves),
        min(found.total_terms for found in statistics.values()),
    )
    blended: dict[str, int] = {}
    actual = min(most, max(freqs.values()))
    previous = max(freqs.values())
    for path in sorted(freqs, key=lambda path: -freqs[path]):
        actual += previous > freqs[path]
        blended[path] = min(actual, statistics[path].doc_count, most)
        previous = freqs[path]
    return blended
