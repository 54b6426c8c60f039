"""How the hits of a search look: rank before and after the rerank, a bar for the score, the best passage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from headpond.cli import show

BAR = 8
PASSAGE = 220
# What a document is called by, the first of these fields that it has.
TITLES = ("title", "name", "headline", "subject")


def show_hits(answer: Mapping[str, Any], *, question: str | None = None) -> None:
    """Prints an answer of `_search`; notes of response processors are used where they are."""
    hits = answer["hits"]["hits"]
    out = show.console()
    if question is not None:
        out.print(Text(question, style="bold"))
    if not hits:
        out.print("no hits")
    else:
        out.print(_table(hits))
    for degraded in answer.get("degraded", []):
        note = f"degraded: {degraded['stage']}: {degraded['reason']} ({degraded['spent_ms']} ms)"
        out.print(Text(note, style="yellow"))


def _table(hits: Sequence[Mapping[str, Any]]) -> Table:
    reranked = any("_headpond" in hit for hit in hits)
    best = max((hit["_score"] for hit in hits if hit["_score"] is not None), default=None)
    shown = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    shown.add_column("rank", justify="right", no_wrap=True)
    if reranked:
        shown.add_column("before", no_wrap=True)
    shown.add_column("score", no_wrap=True)
    shown.add_column("hit", ratio=1)
    for rank, hit in enumerate(hits, 1):
        cells: list[str | Text] = [str(rank), _score(hit["_score"], best), _hit(hit)]
        if reranked:
            cells.insert(1, _before(hit.get("_headpond", {}).get("rank_before"), rank))
        shown.add_row(*cells)
    return shown


def _before(before: int | None, rank: int) -> Text:
    if before is None or before == rank:
        return Text(str(before or ""), style="dim")
    return Text(f"{before} ↑", style="green") if before > rank else Text(f"{before} ↓", style="red")


def _score(score: float | None, best: float | None) -> str:
    if score is None:
        return "-"
    filled = round(BAR * score / best) if best and best > 0 else 0
    return f"{score:6.3f} {'█' * filled}{'·' * (BAR - filled)}"


def _hit(hit: Mapping[str, Any]) -> Text:
    source = hit.get("_source") or {}
    title = next((source[name] for name in TITLES if isinstance(source.get(name), str)), None)
    text = Text(_short(title or hit["_id"], 160), style="cyan")
    passage = hit.get("_headpond", {}).get("passage", {}).get("text") or _first_text(source, title)
    if passage and title:
        passage = passage.removeprefix(title).lstrip()  # fields that were ranked together begin with the title
    if passage:
        text.append("\n" + _short(passage, PASSAGE), style="default")
    return text


def _first_text(source: Mapping[str, Any], title: str | None) -> str | None:
    texts = (value for value in source.values() if isinstance(value, str) and value != title)
    return max(texts, key=len, default=None)


def _short(text: str, limit: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
