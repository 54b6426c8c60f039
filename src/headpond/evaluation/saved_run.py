"""Reads and writes TREC runs, so that a ranking can be kept and compared with later ones.

Source of the format: trec_eval's README: `topic Q0 document rank score tag`, separated by white space.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from headpond.errors import InputError
from headpond.evaluation.text_file import TextFile, read

Ranking = list[tuple[str, float]]
"""Documents and their scores, best first."""


def is_run(path: str | Path) -> bool:
    """Whether a file begins like a run."""
    path = Path(path)
    if not path.is_file():
        return False
    try:
        cells = read(path).first()[1].split()
        if len(cells) != 6:
            return False
        # With its constant it is a run, and a wrong number is told when it is read.
        return cells[1] == "Q0" or (int(cells[3]) >= 0 and math.isfinite(float(cells[4])))
    except (InputError, ValueError):
        return False


def read_run(path: str | Path) -> tuple[str, dict[str, Ranking]]:
    """The tag of a run, and its rankings by query.

    Documents are ordered by their scores, as trec_eval does it, those with equal scores by their ranks.

    Raises:
        InputError: the file cannot be read, or a line is wrong (says which).
    """
    file = read(path)
    file.first()
    tag = ""
    found: dict[str, dict[str, tuple[float, int]]] = {}
    for number, line in file.filled():
        cells = line.split()
        if len(cells) != 6:
            raise file.error(number, f"{len(cells)} columns, not 6", "as in `301 Q0 FT911-3 1 7.5 bm25`")
        query, _, document, rank, score, tag = cells
        ranked = found.setdefault(query, {})
        if document in ranked:
            raise file.error(number, f"query {query!r} has document {document!r} twice")
        ranked[document] = (-_number(file, number, "score", score), int(_number(file, number, "rank", rank)))
    return tag, {
        query: [(document, -place[0]) for document, place in sorted(ranked.items(), key=lambda item: item[1])]
        for query, ranked in found.items()
    }


def write_run(path: str | Path, rankings: Mapping[str, Sequence[tuple[str, float]]], tag: str) -> None:
    """Writes a run.

    Where scores are equal or rise (hits behind a rerank window), they are lowered by the least step of a 32-bit float,
    so that tools that order by the score keep the order.

    Raises:
        InputError: the file cannot be written, or an id holds white space, which the format cannot carry.
    """
    tag = "-".join(tag.split()) or "run"
    lines = []
    for query, ranking in rankings.items():
        above = np.float32(np.inf)
        for rank, (document, score) in enumerate(ranking, 1):
            for id in (query, document):
                if not id or id.split() != [id]:
                    raise InputError(f"the id {id!r} holds white space; TREC's files cannot carry it")
            own = np.float32(score) if math.isfinite(score) else np.float32(1 / rank)
            above = min(own, np.nextafter(above, np.float32(-np.inf)))
            lines.append(f"{query} Q0 {document} {rank} {float(above)!r} {tag}\n")
    try:
        Path(path).write_text("".join(lines), encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", where=str(path)) from None


def _number(file: TextFile, line: int, name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or (name == "rank" and not number.is_integer()):
        raise file.error(line, f"the {name} {text!r} is no number")
    return number
