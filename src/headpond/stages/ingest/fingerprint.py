"""Writes a hash of some fields, byte for byte the one that Elasticsearch writes.

Whole numbers count as 32 bits where they fit, else as 64, numbers with a point as 64, as they do when Elasticsearch
reads them from JSON.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from pydantic import Field, field_validator

from headpond.stages import fields, java, murmur3
from headpond.stages.ingest.base import ProcessorSpec, RecordProcessor
from headpond.stages.record import Record

_METHODS = {
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False).digest(),
    "SHA-1": lambda data: hashlib.sha1(data, usedforsecurity=False).digest(),
    "SHA-256": lambda data: hashlib.sha256(data).digest(),
    "SHA-512": lambda data: hashlib.sha512(data).digest(),
    "MurmurHash3": murmur3.digest,
}


class FingerprintSpec(ProcessorSpec):
    """Options of `fingerprint`."""

    fields: list[str] = Field(description="The fields that the hash is made of; of objects their keys count too.")
    target_field: str = Field("fingerprint", description="Where the hash is written, in Base64.")
    salt: str = Field("", description="What is hashed before the fields.")
    method: str = Field("SHA-1", description="`MD5`, `SHA-1`, `SHA-256`, `SHA-512` or `MurmurHash3`.")
    ignore_missing: bool = Field(False, description="Pass over fields that are missing or null.")

    @field_validator("fields")
    @classmethod
    def _has_fields(cls, given: list[str]) -> list[str]:
        if not given:
            raise ValueError("must specify at least one field")
        return given

    @field_validator("method")
    @classmethod
    def _is_method(cls, given: str) -> str:
        if given not in _METHODS:
            listed = ",".join(_METHODS)
            raise ValueError(f"[{given}] must be one of the supported hash methods [{listed}]")
        return given


class Fingerprint(RecordProcessor[FingerprintSpec]):
    """Writes a hash of some fields."""

    Spec = FingerprintSpec

    def apply(self, record: Record) -> None:
        """Hashes the fields of one record; when all of them are missing nothing is written.

        Raises:
            ValueError: a field is missing, or holds what cannot be hashed.
        """
        spec = self.spec
        parts = [spec.salt.encode() if spec.salt.strip() else b""]
        found = False
        for path in sorted(spec.fields, key=_code_units):
            value = fields.get(record, path, missing_ok=True)
            if value is not None:
                found = True
                parts += _parts(value)
            elif not spec.ignore_missing:
                raise ValueError(f"missing field [{path}] when calculating fingerprint")
        if found:
            digest = _METHODS[spec.method](b"".join(parts))
            fields.put(record, spec.target_field, base64.b64encode(digest).decode())


def _parts(value: Any) -> Iterator[bytes]:
    """The bytes of a value, each piece with a zero byte before it; keys of objects in order."""
    if isinstance(value, list | np.ndarray):
        for item in value:
            yield from _parts(item)
    elif isinstance(value, Mapping):
        for key in sorted(value, key=_code_units):
            yield b"\0" + key.encode("utf-8", "replace")
            yield from _parts(value[key])
    else:
        yield b"\0" + _bytes(value)


def _bytes(value: Any) -> bytes:
    kind = java.type_name(value)
    if isinstance(value, str):
        return value.encode("utf-8", "replace")
    if isinstance(value, bool):
        return b"\1" if value else b"\2"
    if value is None:
        return b""
    if kind == "java.lang.Integer":
        return struct.pack("<i", value)
    if kind == "java.lang.Long":
        return struct.pack("<q", value)
    if isinstance(value, float):
        return struct.pack("<d", value)
    raise ValueError(f"cannot convert object of type [{kind}] to bytes")


def _code_units(text: str) -> bytes:
    """The order of Java's texts."""
    return text.encode("utf-16-be", "surrogatepass")
