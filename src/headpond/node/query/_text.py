"""Analyzed text against one field: what `match`, its relatives and `multi_match` do with each field."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from headpond.errors import RestError
from headpond.node.analysis.analyzer import Analyzer
from headpond.node.mapping.base import FieldType
from headpond.node.query._value import has_numbers, match_metadata, match_value, no_match, term_of
from headpond.node.scoring.fuzzy import Fuzziness, match_fuzzy
from headpond.node.scoring.match import Match, boolean, everything
from headpond.node.scoring.minimum_should_match import minimum_should_match
from headpond.node.scoring.phrase import match_phrase
from headpond.node.scoring.terms import Weighted, match_any, match_term
from headpond.node.search.json import Json
from headpond.node.search.shard import Shard

Operator = Literal["or", "and"]


@dataclass(frozen=True, kw_only=True)
class TextOptions:
    """How text is matched.

    Attributes:
        operator: whether one term is enough (`or`) or all are needed.
        minimum_should_match: how many terms, for `or`.
        analyzer: name of an analyzer to use instead of the field's.
        fuzziness: edits allowed in each term; None for none.
        prefix_length: leading characters that edits leave alone.
        max_expansions: most terms that one fuzzy term or prefix stands for.
        fuzzy_transpositions: whether swapped neighbours are one edit.
        lenient: whether text that is no number finds nothing in a number field instead of failing.
        match_all_if_empty: what text without terms finds.
        slop: for phrases, places the terms may be moved.
    """

    operator: Operator = "or"
    minimum_should_match: str | None = None
    analyzer: str | None = None
    fuzziness: Fuzziness | None = None
    prefix_length: int = 0
    max_expansions: int = 50
    fuzzy_transpositions: bool = True
    lenient: bool = False
    match_all_if_empty: bool = False
    slop: int = 0


DEFAULTS = TextOptions()


def match_words(shard: Shard, path: str, text: Any, options: TextOptions, query: str) -> list[Match]:
    """Documents with the text's terms, scores added up."""

    def by_terms(path: str, terms: list[tuple[str, int]]) -> list[Match]:
        return join_terms(shard, [_one_term(shard, path, term, options) for term, _ in terms], options)

    return _analyzed(shard, path, text, options, query, by_terms)


def match_words_as_phrase(shard: Shard, path: str, text: Any, options: TextOptions, query: str) -> list[Match]:
    """Documents with the text's terms next to each other."""

    def by_terms(path: str, terms: list[tuple[str, int]]) -> list[Match]:
        if len(terms) == 1:
            return match_term(shard, path, Weighted(terms[0][0]))
        _check_positions(shard, path)
        return match_phrase(shard, path, [(position, [term]) for term, position in terms], options.slop)

    return _analyzed(shard, path, text, options, query, by_terms)


def match_phrase_with_prefix(shard: Shard, path: str, text: Any, options: TextOptions, query: str) -> list[Match]:
    """Documents with the text as a phrase whose last term is a prefix."""

    def by_terms(path: str, terms: list[tuple[str, int]]) -> list[Match]:
        *whole, (start, position) = terms
        ends = prefixed(shard, path, start, options.max_expansions)
        if not ends:
            return no_match(shard)
        if not whole:
            clauses = [match_term(shard, path, Weighted(term)) for term in ends]
            return join_terms(shard, clauses, DEFAULTS)
        _check_positions(shard, path)
        slots = [(place, [term]) for term, place in whole]
        return match_phrase(shard, path, [*slots, (position, ends)], options.slop)

    return _analyzed(shard, path, text, options, query, by_terms, terms_without_analyzer=True)


def prefixed(shard: Shard, path: str, start: str, most: int) -> list[str]:
    """The first terms with the prefix: those of the oldest segment in their order, then those of the next ones."""
    found: dict[str, None] = {}
    for postings in shard.postings(path):
        for term in sorted(term for term in postings.rows if term.startswith(start)) if postings is not None else ():
            found[term] = None
            if len(found) >= most:
                return list(found)
    return list(found)


def match_words_with_prefix(shard: Shard, path: str, text: Any, options: TextOptions, query: str) -> list[Match]:
    """Documents with the text's terms, the last of which is a prefix."""

    def by_terms(path: str, terms: list[tuple[str, int]]) -> list[Match]:
        *whole, (start, _) = terms
        clauses = [_one_term(shard, path, term, options) for term, _ in whole]
        clauses.append(match_any(shard, path, [term for term in shard.terms(path) if term.startswith(start)]))
        return join_terms(shard, clauses, options)

    return _analyzed(shard, path, text, options, query, by_terms, terms_without_analyzer=True)


def _analyzed(
    shard: Shard,
    path: str,
    text: Any,
    options: TextOptions,
    query: str,
    by_terms: Callable[[str, list[tuple[str, int]]], list[Match]],
    *,
    terms_without_analyzer: bool = False,
) -> list[Match]:
    field = shard.field(path)
    if path in ("_id", "_index"):
        return match_metadata(shard, path, [text])
    if field is None:
        return no_match(shard)
    if field.type == "dense_vector":
        reason = f"Field [{path}] of type [dense_vector] does not support match queries"
        raise shard.failed(RestError(400, "illegal_argument_exception", reason))
    analyzer = analyzer_of(shard, field, options, query)
    plain = text if isinstance(text, str) else Json(text).text()
    if analyzer is not None:
        terms = analyzer.positioned(plain)
    elif has_numbers(field) or field.type == "boolean":
        return _one_value(shard, path, text, options)
    elif not terms_without_analyzer and options.fuzziness is None:
        return match_value(shard, path, text)
    else:
        terms = [(term_of(shard, field, text), 0)]
    if not terms:
        return without_terms(shard, options)
    return by_terms(field.path, terms)


def analyzer_of(shard: Shard, field: FieldType, options: TextOptions, query: str) -> Analyzer | None:
    """The analyzer in force; None for fields that have none.

    Raises:
        RestError: 400, there is no analyzer of the name that is asked for.
    """
    if options.analyzer is None:
        return field.search_analyzer
    if not shard.index.metadata.analysis.has_analyzer(options.analyzer):
        raise shard.error(f"[{query}] analyzer [{options.analyzer}] not found")
    analyzer = shard.index.metadata.analysis.analyzer(options.analyzer)
    return analyzer if field.search_analyzer is not None or field.type == "keyword" else None


def _one_value(shard: Shard, path: str, value: Any, options: TextOptions) -> list[Match]:
    try:
        return match_value(shard, path, value)
    except RestError as error:
        if options.lenient and error.status == 400:
            return no_match(shard)
        raise


def _one_term(shard: Shard, path: str, term: str, options: TextOptions) -> list[Match]:
    if options.fuzziness is None:
        return match_term(shard, path, Weighted(term))
    return match_fuzzy(
        shard,
        path,
        term,
        options.fuzziness,
        prefix_length=options.prefix_length,
        max_expansions=options.max_expansions,
        transpositions=options.fuzzy_transpositions,
    )


def join_terms(shard: Shard, clauses: list[list[Match]], options: TextOptions) -> list[Match]:
    """Documents with all or enough of the terms.

    Raises:
        RestError: 400, `minimum_should_match` cannot be read.
    """
    if len(clauses) == 1:
        return clauses[0]
    required = options.operator == "and"
    try:
        needed = minimum_should_match(options.minimum_should_match, 0 if required else len(clauses))
    except RestError as error:
        raise shard.failed(error) from None
    joined = []
    for number, leaf in enumerate(shard.leaves):
        found = [clause[number] for clause in clauses]
        must, should = (found, []) if required else ([], found)
        least = needed if required else max(needed, 1)
        joined.append(boolean(leaf.segment.max_doc, must=must, should=should, minimum_should_match=least))
    return joined


def _check_positions(shard: Shard, path: str) -> None:
    field = shard.field(path)
    if field is not None and field.type == "text" and field.option("index_options") in ("docs", "freqs"):
        reason = f"field:[{path}] was indexed without position data; cannot run PhraseQuery"
        raise shard.failed(RestError(400, "illegal_state_exception", reason))


def without_terms(shard: Shard, options: TextOptions) -> list[Match]:
    """What a text finds of which the analyzer leaves nothing."""
    if not options.match_all_if_empty:
        return no_match(shard)
    return [everything(leaf.segment.max_doc) for leaf in shard.leaves]
