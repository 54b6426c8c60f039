"""Names of records: ids that are the same in every run, and digests that change when a document would."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any

import orjson
import ormsgpack

from headpond import exact_json
from headpond.pipeline.endpoints import TargetEndpoint
from headpond.pipeline.spec import PipelineSpec
from headpond.stages.record import Record

LONGEST_ID = 512
"""Bytes of an `_id` that Elasticsearch accepts."""

_FORMAT = b"3"
_OWN_ID = re.compile(rb'\{[ \t\r]*"_id"[ \t\r]*:[ \t\r]*(?:"[^"\\]*"|-?[0-9]+)[ \t\r]*,[ \t\r]*')
"""The beginning of a record that has its `_id` first, as most have it."""
_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_SERIALIZE_NUMPY


def canonical(document: Mapping[str, Any], default: Callable[[Any], Any] | None = None) -> bytes:
    """JSON with sorted keys: equal documents give equal bytes.

    Args:
        document: the document.
        default: makes JSON of values that orjson does not know.

    Raises:
        ValueError: the document holds something that is not JSON.
    """
    try:
        return exact_json.dumps(document, _OPTIONS, default)
    except (orjson.JSONEncodeError, RecursionError) as error:
        raise ValueError(f"is not JSON: {error}") from None


def packed(document: Mapping[str, Any]) -> bytes:
    """MessagePack with sorted keys: tells documents apart as `canonical` does, in a fifth of the time.

    Vectors make the difference: their numbers are copied, not spelled.

    Raises:
        ValueError: the document holds something that is not JSON.
    """
    try:
        return ormsgpack.packb(document, option=ormsgpack.OPT_SORT_KEYS)
    except ormsgpack.MsgpackEncodeError:  # a whole number beyond 64 bits, or too deep
        return canonical(document)


def of_pipeline(spec: PipelineSpec, endpoints: Mapping[str, TargetEndpoint]) -> bytes:
    """What a pipeline does to a document: its processors, the models behind their endpoints, code that is not ours."""
    file = spec.file
    models = {name: endpoints[name].fingerprint for name in spec.processors.endpoints()}
    code = {processor.name: found for processor in spec.processors.processors() if (found := processor.fingerprint())}
    others = {"on_failure": file.on_failure, "pipelines": file.pipelines, "fields": file.field_access_pattern}
    does = {"processors": file.processors, "models": models, "code": code, **others}
    return hashlib.blake2b(canonical({key: value for key, value in does.items() if value}), digest_size=16).digest()


def name(record: Record, pipeline: bytes, *, id_field: str | None = None) -> None:
    """Gives a record its id, routing, digest and, where its source held none, raw form.

    `_id` and `_routing` are taken out of its document.

    What is hashed has its keys sorted, so that a record which is only written in another way stays the same.
    The id is the record's `_id`, or the field `id_field`, or else a hash of its content.

    Raises:
        ValueError: the id is empty, too long, or neither text nor number; or `id_field` is missing; or the routing is
            neither text nor number.
    """
    content = packed(record.document)
    record.raw = record.raw or canonical(record.document)
    given = record.document.get("_id")
    if given is None and id_field is not None:
        given = record.document.get(id_field)
        if given is None:
            raise ValueError(f"field [{id_field}], which should hold the id, is missing")
    if given is None:
        # Not `packed`: in another form the record would get another id, and be indexed again beside itself.
        record.id = hashlib.blake2b(canonical(record.document), digest_size=16).hexdigest()
    elif isinstance(given, str | int) and not isinstance(given, bool):
        record.id = str(given)
    else:
        raise ValueError(f"an id is a text or a whole number, not {given!r}")
    size = len(record.id.encode())
    if not 0 < size <= LONGEST_ID:
        raise ValueError(f"an id has 1 to {LONGEST_ID} bytes, this one has {size}")
    record.document.pop("_id", None)
    routing = record.document.pop("_routing", None)
    record.metadata["_id"] = record.id
    if routing is not None:
        record.metadata["_routing"] = record.routing = _routing(routing)
    record.digest = hashlib.blake2b(_FORMAT + pipeline + content, digest_size=16).hexdigest()


def _routing(given: object) -> str:
    if not isinstance(given, str | int) or isinstance(given, bool) or given == "":
        raise ValueError(f"a routing is a text or a whole number, not {given!r}")
    return str(given)


def fields_at(raw: bytes, document: Mapping[str, Any]) -> int:
    """Where the fields of a record begin in its JSON, behind its `_id`; 0 when they do not stand there in one piece.

    Args:
        raw: the JSON text of one object.
        document: the same, parsed.
    """
    if "_routing" in document:
        return 0
    if "_id" not in document:
        return 1 if document else 0
    found = _OWN_ID.match(raw)
    return found.end() if found and len(document) > 1 else 0
