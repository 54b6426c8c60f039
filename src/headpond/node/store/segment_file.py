"""Segments on disk: an uncompressed .npz without pickles.

They are a cache: what is missing or damaged is rebuilt from SQLite.

Lists of strings are one array of UTF-8 bytes and one of offsets; `layout` is JSON that says which fields have what.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from headpond.node.store.segment import Column, Postings, Segment, Vectors, Weights

FORMAT = 1
"""Raised when the arrays change their meaning; files of another format are rebuilt."""

Arrays = dict[str, NDArray[Any]]


class UnreadableSegmentError(Exception):
    """The file is missing, damaged or of another format."""


def save_segment(segment: Segment, path: Path) -> None:
    """Writes the segment beside the path first and renames it, so that the path is never half a file."""
    arrays: Arrays = {
        "seq_nos": segment.seq_nos,
        "roots": segment.roots,
        "kinds": segment.kinds,
        "offsets": segment.offsets,
    }
    _put_strings(arrays, "ids", segment.ids)
    layout: dict[str, Any] = {"format": FORMAT, "max_doc": segment.max_doc, "paths": segment.paths}
    for kind in ("postings", "columns", "dense", "sparse", "present"):
        fields = getattr(segment, kind)
        layout[kind] = list(fields)
        for number, found in enumerate(fields.values()):
            _put(arrays, f"{kind}{number}", found)
    layout["counts"] = {path: [postings.doc_count, postings.total_terms] for path, postings in segment.postings.items()}
    layout["sparse_counts"] = {path: weights.doc_count for path, weights in segment.sparse.items()}
    arrays["layout"] = np.frombuffer(orjson.dumps(layout), np.uint8)
    beside = path.with_suffix(".tmp")
    with open(beside, "wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
    beside.replace(path)


def _put(arrays: Arrays, name: str, found: Any) -> None:
    if isinstance(found, np.ndarray):
        arrays[name] = found
        return
    for slot in found.__slots__:
        value = getattr(found, slot)
        if isinstance(value, np.ndarray):
            arrays[f"{name}.{slot}"] = value
        elif isinstance(value, (dict, list)):
            _put_strings(arrays, f"{name}.{slot}", value)


def _put_strings(arrays: Arrays, name: str, strings: Iterable[str]) -> None:
    encoded = [text.encode("utf-8", "surrogatepass") for text in strings]
    arrays[f"{name}.bytes"] = np.frombuffer(b"".join(encoded), np.uint8)
    arrays[f"{name}.ends"] = np.cumsum([len(text) for text in encoded], dtype=np.int64)


def load_segment(path: Path) -> Segment:
    """Reads a segment.

    Raises:
        UnreadableSegmentError: the file is missing, damaged or of another format.
    """
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
            return _read({name: arrays[name] for name in arrays.files})
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, NotImplementedError) as error:
        raise UnreadableSegmentError(str(error)) from error


def _read(arrays: Arrays) -> Segment:
    layout = orjson.loads(arrays["layout"].tobytes())
    if layout["format"] != FORMAT:
        raise ValueError(f"format {layout['format']}")
    postings = {}
    for path, name in _named(layout, "postings"):
        doc_count, total_terms = layout["counts"][path]
        postings[path] = Postings(
            rows=_rows(arrays, f"{name}.rows"),
            starts=arrays[f"{name}.starts"],
            docs=arrays[f"{name}.docs"],
            freqs=arrays[f"{name}.freqs"],
            position_starts=arrays.get(f"{name}.position_starts"),
            positions=arrays.get(f"{name}.positions"),
            norms=arrays.get(f"{name}.norms"),
            doc_count=doc_count,
            total_terms=total_terms,
        )
    columns = {}
    for path, name in _named(layout, "columns"):
        strings = _strings(arrays, f"{name}.dictionary") if f"{name}.dictionary.ends" in arrays else None
        columns[path] = Column(arrays[f"{name}.starts"], arrays[f"{name}.values"], strings)
    dense = {
        path: Vectors(arrays[f"{name}.docs"], arrays[f"{name}.matrix"], arrays[f"{name}.magnitudes"])
        for path, name in _named(layout, "dense")
    }
    sparse = {
        path: Weights(
            _rows(arrays, f"{name}.rows"),
            arrays[f"{name}.starts"],
            arrays[f"{name}.docs"],
            arrays[f"{name}.weights"],
            layout["sparse_counts"][path],
        )
        for path, name in _named(layout, "sparse")
    }
    return Segment(
        max_doc=layout["max_doc"],
        ids=_strings(arrays, "ids"),
        seq_nos=arrays["seq_nos"],
        roots=arrays["roots"],
        paths=layout["paths"],
        kinds=arrays["kinds"],
        offsets=arrays["offsets"],
        postings=postings,
        columns=columns,
        dense=dense,
        sparse=sparse,
        present={path: arrays[name] for path, name in _named(layout, "present")},
    )


def _named(layout: dict[str, Any], kind: str) -> Iterator[tuple[str, str]]:
    return ((path, f"{kind}{number}") for number, path in enumerate(layout[kind]))


def _rows(arrays: Arrays, name: str) -> dict[str, int]:
    return {text: row for row, text in enumerate(_strings(arrays, name))}


def _strings(arrays: Arrays, name: str) -> list[str]:
    raw = arrays[f"{name}.bytes"].tobytes()
    ends = arrays[f"{name}.ends"].tolist()
    starts = [0, *ends[:-1]]
    if raw.isascii():
        text = raw.decode("ascii")
        return [text[start:end] for start, end in zip(starts, ends, strict=False)]
    return [raw[start:end].decode("utf-8", "surrogatepass") for start, end in zip(starts, ends, strict=False)]
