"""How the hits of a search look: rank before and after the rerank, a bar for the score, the best passage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from rich.table import Table
from rich.text import Text

from headpond.cli import show
from headpond.cli.explained import explained
from headpond.stages.highlight import split

BAR = 8
PASSAGE = 220
LEAD = 40
# What a document is called by, the first of these fields that it has.
TITLES = ("title", "name", "headline", "subject")


def show_hits(
    answer: Mapping[str, Any],
    *,
    question: str | None = None,
    query: str | None = None,
    first: int = 1,
    explain: bool = False,
) -> None:
    """Prints an answer of `_search`; notes of response processors are used where they are.

    Args:
        answer: of the search.
        question: a headline.
        query: the words whose marks are shown, where a best chunk was highlighted.
        first: the rank of the first hit.
        explain: whether each hit says what legs and processors said of it.
    """
    hits = answer["hits"]["hits"]
    out = show.console()
    if question is not None:
        out.print(Text(question, style="bold"))
    if not hits:
        out.print("no hits")
    else:
        out.print(_table(hits, query, first, explain))
    for degraded in answer.get("degraded", []):
        note = f"degraded: {degraded['stage']}: {degraded['reason']} ({degraded['spent_ms']} ms)"
        out.print(Text(note, style="yellow"))


def _table(hits: Sequence[Mapping[str, Any]], query: str | None, first: int, explain: bool) -> Table:
    reranked = any("rank_before" in hit.get("_headpond", {}) for hit in hits)
    scores = [hit["_score"] for hit in hits if hit.get("_score") is not None]
    span = min([0.0, *scores]), max(scores, default=0.0)
    shown = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    shown.add_column("rank", justify="right", no_wrap=True)
    if reranked:
        shown.add_column("before", no_wrap=True)
    shown.add_column("score", no_wrap=True)
    shown.add_column("hit", ratio=1)
    for rank, hit in enumerate(hits, first):
        shown_hit = _hit(hit, query)
        for line in explained(hit) if explain else ():
            shown_hit.append("\n" + line, style="dim")
        cells: list[str | Text] = [str(rank), _score(hit.get("_score"), span), shown_hit]
        if reranked:
            cells.insert(1, _before(hit.get("_headpond", {}).get("rank_before"), rank))
        shown.add_row(*cells)
    return shown


def _before(before: int | None, rank: int) -> Text:
    if before is None or before == rank:
        return Text(str(before or ""), style="dim")
    return Text(f"{before} ↑", style="green") if before > rank else Text(f"{before} ↓", style="red")


def _score(score: float | None, span: tuple[float, float]) -> str:
    """A score and its bar, which begins at 0, or at the lowest score where that is below."""
    if score is None:
        return "-"
    low, high = span
    filled = round(BAR * (score - low) / (high - low)) if high > low else 0
    return f"{score:6.{4 if abs(score) < 0.1 else 3}f} {'█' * filled}{'·' * (BAR - filled)}"


def title_of(hit: Mapping[str, Any]) -> str:
    """What a hit is called: its title, else its id."""
    return _short(_title(hit) or hit["_id"], 160)


def _title(hit: Mapping[str, Any]) -> str | None:
    source = hit.get("_source") or {}
    return next((source[name] for name in TITLES if isinstance(source.get(name), str)), None)


def _hit(hit: Mapping[str, Any], query: str | None) -> Text:
    title, note = _title(hit), hit.get("_headpond", {})
    text = Text()
    text.append(title_of(hit), style="cyan")
    chunk = note.get("best_chunk", {})
    passage = chunk.get("text") or note.get("passage", {}).get("text") or _first_text(hit.get("_source") or {}, title)
    if passage and title:
        passage = passage.removeprefix(title).lstrip()  # fields that were ranked together begin with the title
    if not passage:
        return text
    text.append("\n")
    asked = query if query and "highlighted" in chunk else ""
    for part in split(_excerpt(passage, asked), asked):
        text.append(part.text, style="bold yellow" if part.marked else "default")
    return text


def _excerpt(passage: str, query: str) -> str:
    """The beginning of a passage, or of a long one the part where most words of the query stand."""
    line = " ".join(passage.split())
    parts = split(line, query)
    if len(line) <= PASSAGE or not any(part.marked for part in parts):
        return _short(line, PASSAGE)
    ends = list(accumulate(len(part.text) for part in parts))
    marks = [end - len(part.text) for part, end in zip(parts, ends, strict=True) if part.marked]
    begin = max(marks, key=lambda at: sum(at <= other < at + PASSAGE - LEAD for other in marks))
    start = max(0, min(begin - LEAD, len(line) - PASSAGE))
    start = line.rfind(" ", 0, start) + 1 if start else 0
    return ("…" if start else "") + _short(line[start:], PASSAGE)


def _first_text(source: Mapping[str, Any], title: str | None) -> str | None:
    texts = (value for value in source.values() if isinstance(value, str) and value != title)
    return max(texts, key=len, default=None)


def _short(text: str, limit: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
