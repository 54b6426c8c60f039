"""How the answers of inference endpoints look: vectors, weighted tokens, rankings, and texts as they come."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text

from headpond.cli import show as terminal

NUMBERS = 6
TOKENS = 12
WIDTH = 80


def show(answer: Mapping[str, Any], texts: Sequence[str]) -> None:
    """Prints an answer of `_inference`.

    Args:
        answer: with one member, which says what it is.
        texts: that were asked about.
    """
    ((kind, rows),) = answer.items()
    if kind == "rerank":
        _ranking(rows, texts)
    elif kind == "sparse_embedding":
        _tokens(rows, texts)
    else:
        _vectors(kind, rows, texts)


def tell(words: str) -> None:
    """Prints the next words of a text."""
    sys.stdout.write(words)
    sys.stdout.flush()


def _vectors(kind: str, rows: Sequence[Mapping[str, Any]], texts: Sequence[str]) -> None:
    cells = []
    for row, text in zip(rows, texts, strict=True):
        vector = row["embedding"]
        first = ", ".join(f"{value:.4g}" for value in vector[:NUMBERS])
        more = ", ..." if len(vector) > NUMBERS else ""
        dims = len(vector) * (8 if kind == "text_embedding_bits" else 1)
        cells.append([_short(text), str(dims), f"{math.hypot(*vector):.4f}", f"[{first}{more}]"])
    terminal.table(["text", "dims", "norm", "vector"], cells)


def _tokens(rows: Sequence[Mapping[str, Any]], texts: Sequence[str]) -> None:
    cells = []
    for row, text in zip(rows, texts, strict=True):
        weights = sorted(row["embedding"].items(), key=lambda item: -item[1])
        listed = ", ".join(f"{token} {weight:.3g}" for token, weight in weights[:TOKENS])
        more = f", and {len(weights) - TOKENS} more" if len(weights) > TOKENS else ""
        cut = " (cut)" if row.get("is_truncated") else ""
        cells.append([_short(text) + cut, str(len(weights)), listed + more])
    terminal.table(["text", "tokens", "weights"], cells)


def _ranking(rows: Sequence[Mapping[str, Any]], texts: Sequence[str]) -> None:
    cells: list[list[str | Text]] = []
    for rank, row in enumerate(rows, 1):
        text = texts[int(row["index"])]
        cells.append([str(rank), f"{float(row['relevance_score']):.4f}", _short(text)])
    terminal.table(["rank", "score", "document"], cells)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= WIDTH else line[: WIDTH - 1].rstrip() + "…"
