"""Why a hit is where it is, in lines: what each leg said of it, and what each processor did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def explained(hit: Mapping[str, Any]) -> Iterator[str]:
    """What is known of a hit, one line each."""
    note = hit.get("_headpond", {})
    yield from _legs(note.get("legs", ()), 0)
    if "rerank_score" in note:
        before = f"before: rank {note['rank_before']}, {number(note.get('score_before'))}"
        yield f"rerank: {number(note['rerank_score'])} ({before})"
    if "skipped" in note:
        yield f"not reranked: {note['skipped']}"
    if "cut_at" in note:
        yield f"reranked by its first {note['cut_at']:,} characters"
    if "diversify" in note:
        own = note["diversify"]
        yield f"diversify: similarity {number(own['similarity'])} (before: rank {own['rank_before']})"
    if "collapsed" in note:
        own = note["collapsed"]
        others = f", stands for {', '.join(own['ids'])}" if own["ids"] else ""
        yield f"collapse: {own['count']} with {own['field']} {own['value']!r}{others}"
    if "best_chunk" in note:
        own = note["best_chunk"]
        where = "" if own["start"] is None else f" {own['start']}-{own['end']}"
        yield f"best chunk: {own['field']}{where}, {number(own['score'])} by {own['by'].replace('_', ' ')}"


def _legs(legs: Sequence[Mapping[str, Any]], depth: int) -> Iterator[str]:
    shown = [(_short(leg["leg"]), leg) for leg in legs]
    width = max((len(name) for name, _ in shown), default=0)
    for name, leg in shown:
        line = f"{'  ' * depth}{name:{width}}  rank {leg['rank']:<3} {number(leg.get('score')):7}"
        if leg.get("contribution") is not None:
            line += f" +{number(leg['contribution'])}"
        yield line.rstrip()
        yield from _legs(leg.get("legs", ()), depth + 1)


def _short(name: str) -> str:
    """The end of a place: `[1] knn` of `search.retriever.rrf.retrievers[1].knn`."""
    _, mark, rest = name.rpartition("retrievers[")
    place, _, kind = rest.rpartition("]")
    kind = kind.removeprefix(".retriever").lstrip(".")
    return f"[{place}] {kind}" if mark else name.removeprefix("search.").removeprefix("retriever.")


def number(value: float | None) -> str:
    """A score with four digits that count."""
    return "-" if value is None else f"{value:.4g}"
