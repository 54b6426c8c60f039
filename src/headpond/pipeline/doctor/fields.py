"""Whether the embeddings of an endpoint fit an index."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch

from headpond.pipeline.api_error import describe
from headpond.pipeline.doctor.finding import Finding
from headpond.pipeline.endpoints import TargetEndpoint

_KINDS = {"text_embedding": "dense_vector", "sparse_embedding": "sparse_vector"}


def compare(client: Elasticsearch, endpoint: TargetEndpoint, index: str, field: str | None) -> Finding:
    """Compares what an endpoint makes with what the fields of an index hold.

    Args:
        client: of any target.
        endpoint: whose embeddings are to be kept.
        index: where.
        field: the field; None takes any of the right type.
    """
    kind = _KINDS.get(endpoint.task_type)
    if kind is None:
        return Finding("index", True, f"{endpoint.task_type} keeps nothing in an index")
    try:
        mappings = client.indices.get_mapping(index=index).body
    except (ApiError, TransportError) as error:
        return _problem(f"[{index}] cannot be looked at: {describe(error)}", "make the index, or check its name")
    found = {
        path: mapping
        for entry in mappings.values()
        for path, mapping in _fields(entry.get("mappings", {}))
        if mapping.get("type") == kind and field in (None, path)
    }
    if not found:
        named = f"field [{field}]" if field else "field"
        return _problem(
            f"[{index}] has no {named} of type {kind}", f"map a field as {kind} before documents are indexed"
        )
    misfits = {path: _misfit(endpoint, mapping) for path, mapping in found.items()}
    fitting = [path for path, misfit in misfits.items() if misfit is None]
    if fitting:
        return Finding("index", True, f"[{index}] can hold them in {_listed(fitting)}")
    reasons = "; ".join(f"[{path}] {misfit}" for path, misfit in misfits.items())
    return _problem(f"no field of [{index}] can hold them: {reasons}", "index into a new index that is mapped for them")


def _misfit(endpoint: TargetEndpoint, mapping: Mapping[str, Any]) -> str | None:
    """Why a field cannot hold the endpoint's embeddings."""
    dims = mapping.get("dims")
    if dims is not None and endpoint.dimensions is not None and dims != endpoint.dimensions:
        return f"has {dims} dimensions, the endpoint's vectors have {endpoint.dimensions}"
    element = mapping.get("element_type", "float")
    kind = "float" if element == "bfloat16" else element
    if mapping.get("type") == "dense_vector" and kind != endpoint.element_type:
        return f"holds {element}, the endpoint's vectors are {endpoint.element_type}"
    return None


def _fields(mapping: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    for members in (mapping.get("properties"), mapping.get("fields")):
        for name, field in (members or {}).items():
            yield f"{prefix}{name}", field
            yield from _fields(field, f"{prefix}{name}.")


def _listed(paths: list[str]) -> str:
    return ", ".join(f"[{path}]" for path in paths)


def _problem(what: str, then: str) -> Finding:
    return Finding("index", False, what, "does not fit the index", then)
