"""The chunks of a hit, whatever its index looks like: nested passages, `semantic_text`, or a text that is cut here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from headpond.inference.chunking import Chunking
from headpond.stages import path
from headpond.stages.passage import cut, passages
from headpond.stages.response.base import Hit


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of a field.

    Attributes:
        field: where it was read.
        text: the part.
        start: its first character in the field's text; None when that is not known.
        end: the character behind its last.
        score: what somebody gave it already; None when nobody has.
        whole: whether it is all of the field's text, so that a part of it may say more.
    """

    field: str
    text: str
    start: int | None = None
    end: int | None = None
    score: float | None = None
    whole: bool = False


def best_known(hit: Hit, fields: Sequence[str]) -> tuple[str, Chunk] | None:
    """The best chunk that the search itself or a rerank has found, and who found it."""
    for field in fields:
        if (inner := next(_inner_hits(hit, field), None)) is not None:
            return "inner_hits", inner
    note = hit.get("_headpond", {})
    if isinstance(note.get("passage"), dict) and "rerank_score" in note:
        for judged in _judged(hit, note["passage"], fields):
            return "rerank", replace(judged, score=note["rerank_score"])
    for field in fields:
        if (fragment := next(_highlighted(hit, field), None)) is not None:
            return "highlight", fragment
    return None


def chunks(hit: Hit, fields: Sequence[str], chunking: Chunking) -> list[Chunk]:
    """All chunks of the fields, in their order."""
    found: list[Chunk] = []
    for field in fields:
        found += list(_semantic(hit, field)) or _cut(hit, field, chunking)
    return found


def _cut(hit: Hit, field: str, chunking: Chunking) -> list[Chunk]:
    read = passages(hit.get("_source") or {}, [field])
    if len(read) == 1 and read[0].start is None:
        text = read[0].text
        return [Chunk(field, text[start:end], start, end) for start, end in cut(text, chunking)]
    return [Chunk(field, passage.text, passage.start, passage.end) for passage in read]


def _inner_hits(hit: Hit, field: str) -> Iterator[Chunk]:
    """Nested objects that the search found, best first; Elasticsearch sends them when `inner_hits` is asked for."""
    for answer in (hit.get("inner_hits") or {}).values():
        for inner in answer["hits"]["hits"]:
            nested = (inner.get("_nested") or {}).get("field")
            if not isinstance(nested, str) or not field.startswith(f"{nested}."):
                continue
            source = inner.get("_source") or {}
            text = path.get(source, field.removeprefix(f"{nested}."))
            if isinstance(text, str) and text.strip():
                start, end = source.get("start"), source.get("end")
                known = isinstance(start, int) and isinstance(end, int)
                yield Chunk(field, text, start if known else None, end if known else None, inner.get("_score"))


def _judged(hit: Hit, passage: Mapping[str, Any], fields: Sequence[str]) -> Iterator[Chunk]:
    """The part of a reranked passage that lies in one of the fields, the longest first.

    A passage of several fields is one of their texts joined, so its offsets are found again in each; one that a
    template made is in no field.
    """
    text, names = passage["text"], passage["field"].split(",")
    read = {name: passages(hit.get("_source") or {}, [name]) for name in names}
    if len(names) == 1 and names[0] in fields and (len(read[names[0]]) > 1 or "start" in passage):
        for one in read[names[0]]:  # of a list of objects
            if one.text.startswith(text) and one.start == passage.get("start"):
                yield Chunk(names[0], text, one.start, one.end)
                return
    plain = [(name, found[0].text) for name, found in read.items() if len(found) == 1 and found[0].start is None]
    first = passage.get("start", 0)
    last = first + len(text)
    if "\n".join(value for _, value in plain)[first:last] != text:
        return
    parts: list[Chunk] = []
    at = 0
    for name, value in plain:
        start, end = max(0, first - at), min(len(value), last - at)
        if name in fields and start < end:
            parts.append(Chunk(name, value[start:end], start, end, whole=end - start == len(value)))
        at += len(value) + 1
    yield from sorted(parts, key=lambda part: -len(part.text))


def _highlighted(hit: Hit, field: str) -> Iterator[Chunk]:
    """Fragments of the `semantic` highlighter, best first: whole chunks of the text, without marks."""
    text = path.get(hit.get("_source") or {}, field)
    for fragment in (hit.get("highlight") or {}).get(field, ()):
        start = text.find(fragment) if isinstance(text, str) else -1
        if start >= 0 and fragment.strip():
            yield Chunk(field, fragment, start, start + len(fragment))


def _semantic(hit: Hit, field: str) -> Iterator[Chunk]:
    """The chunks that Elasticsearch keeps of a `semantic_text` field, in the forms in which it shows them.

    `_source._inference_fields` (8.18 on, when asked for with `fields: [_inference_fields]`) has offsets into the text,
    the field itself holds the chunks before 8.18, and `fields: [{field: ..., format: chunks}]` (9.2) gives texts.
    """
    source = hit.get("_source") or {}
    value = path.get(source, field)
    kept = (source.get("_inference_fields") or {}).get(field)
    if isinstance(kept, dict) and isinstance(value, str):
        listed = (kept.get("inference") or {}).get("chunks") or {}
        for chunk in listed.get(field, ()):
            start, end = chunk["start_offset"], chunk["end_offset"]
            if value[start:end].strip():
                yield Chunk(field, value[start:end], start, end)
    elif isinstance(value, dict) and isinstance(value.get("inference"), dict):
        yield from _located(field, value.get("text"), (one["text"] for one in value["inference"].get("chunks", ())))
    else:
        shown = (hit.get("fields") or {}).get(field)
        if isinstance(shown, list) and len(shown) > 1 and isinstance(value, str):
            yield from _located(field, value, (one for one in shown if isinstance(one, str)))


def _located(field: str, text: Any, parts: Iterator[str]) -> Iterator[Chunk]:
    at = 0
    for part in parts:
        start = text.find(part, at) if isinstance(text, str) else -1
        if start >= 0:
            at = start
        if part.strip():
            yield Chunk(field, part, start, start + len(part)) if start >= 0 else Chunk(field, part)
