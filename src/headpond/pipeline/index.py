"""The index of a pipeline: its body with vector fields filled in from the endpoints, made or completed on a target.

Every document carries `headpond.hash`, what its record and the pipeline looked like when it was indexed; a later run
reads it to leave unchanged records alone. The mapping's `_meta.headpond` remembers which model filled which field.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch, NotFoundError

from headpond import mappings
from headpond.errors import InputError, PipelineError, TargetError
from headpond.pipeline.api_error import describe
from headpond.pipeline.endpoints import TargetEndpoint
from headpond.pipeline.environment import resolve
from headpond.pipeline.mapping_difference import Difference, compare
from headpond.pipeline.spec import PipelineSpec

log = logging.getLogger("headpond.pipeline")

METADATA = "headpond"
"""The field of a document, and the key of `_meta`, that belong to this toolkit."""

METADATA_FIELD: dict[str, Any] = {"dynamic": False, "properties": {"hash": {"type": "keyword"}}}
_VECTOR_TYPES = {"text_embedding": "dense_vector", "sparse_embedding": "sparse_vector"}

Dimensions = Callable[[TargetEndpoint], int]


@dataclass(frozen=True, slots=True)
class Output:
    """A vector field and what fills it."""

    field: str
    endpoint: TargetEndpoint

    @property
    def type(self) -> str | None:
        """The field type it needs; None for texts."""
        return _VECTOR_TYPES.get(self.endpoint.task_type)


def index_name(spec: PipelineSpec, index: str | None = None) -> str:
    """The index to use: the one given, else the file's, else the pipeline's name.

    Raises:
        InputError: the one given is blank.
        PipelineError: the file's name refers to an environment variable that is not set.
    """
    if index is not None:
        if not index.strip():
            raise InputError("the index has no name", hint="give one, or none at all for the pipeline's own")
        return index
    if spec.file.index.name:
        return str(resolve(spec.file.index.name, spec.where.at("index", "name")).value)
    return spec.name


def outputs(spec: PipelineSpec, endpoints: Mapping[str, TargetEndpoint]) -> list[Output]:
    """The vector fields of a pipeline."""
    return [Output(field, endpoints[name]) for field, name in spec.processors.outputs()]


def body(spec: PipelineSpec, endpoints: Mapping[str, TargetEndpoint], dimensions: Dimensions) -> dict[str, Any]:
    """The index body: the pipeline's mapping with `dims`, `similarity` and this toolkit's own field.

    Args:
        spec: the pipeline.
        endpoints: all that it needs.
        dimensions: gives the dimensions of a dense endpoint.

    Raises:
        PipelineError: a vector field is missing in the mapping, has another type, or other dims than its endpoint.
    """
    made = deepcopy(dict(spec.mapping)) if spec.mapping is not None else {}
    mapping = made.setdefault("mappings", {})
    where = spec.where.at("index", "mapping")
    for output in outputs(spec, endpoints):
        if output.type is None:
            continue
        definition = mappings.fields(made).get(output.field)
        if definition is None and spec.mapping is None:
            definition = {"type": output.type}
            _add(mapping, output.field, definition)
        _check(output, definition, str(where), dimensions)
        assert definition is not None
        if output.type == "dense_vector":
            definition.setdefault("dims", dimensions(output.endpoint))
            if output.endpoint.element_type != "float":
                definition.setdefault("element_type", output.endpoint.element_type)
            if output.endpoint.similarity is not None and "index" not in definition:
                definition.setdefault("similarity", output.endpoint.similarity)
    mapping.setdefault("properties", {}).setdefault(METADATA, deepcopy(METADATA_FIELD))
    models = {out.field: out.endpoint.fingerprint for out in outputs(spec, endpoints) if out.type is not None}
    mapping.setdefault("_meta", {})[METADATA] = {"pipeline": spec.name, "models": models}
    return made


def ensure(
    client: Elasticsearch,
    name: str,
    spec: PipelineSpec,
    endpoints: Mapping[str, TargetEndpoint],
    dimensions: Dimensions,
) -> bool:
    """Makes the index, or adds to the one there what the pipeline's mapping has and it lacks; True when it was made.

    Other parameters of fields than the pipeline's mapping has are said in a warning.

    Raises:
        PipelineError: the existing index does not fit the pipeline; says which field and why.
        TargetError: the target refuses the index or does not answer.
    """
    try:
        existing = _mapping_of(client, name)
        if existing is None:
            made = body(spec, endpoints, dimensions)
            client.indices.create(index=name, **made)
            return True
        _complete(client, name, existing, spec, endpoints, dimensions)
        return False
    except ApiError as error:
        raise TargetError(f"index [{name}]: {describe(error)}") from None
    except TransportError as error:
        raise TargetError(f"the target does not answer: {describe(error)}", transient=True) from None


@dataclass(frozen=True, slots=True)
class Preview:
    """What `ensure` would do.

    Attributes:
        exists: whether the index is there.
        added: fields that its mapping would get; of a new index, all.
        parameters: parameters of fields that are others there than in the file.
    """

    exists: bool
    added: list[str]
    parameters: list[str]


def preview(
    client: Elasticsearch,
    name: str,
    spec: PipelineSpec,
    endpoints: Mapping[str, TargetEndpoint],
    dimensions: Dimensions,
) -> Preview:
    """What `ensure` would do, and the errors it would raise; nothing is written.

    Raises:
        PipelineError, TargetError: as `ensure`.
    """
    try:
        existing = _mapping_of(client, name)
        if existing is None:
            made = body(spec, endpoints, dimensions)
            return Preview(False, sorted(mappings.fields(made).keys() - _own_fields()), [])
        wanted = _wanted(existing, spec, endpoints, dimensions)
        difference, _ = _fitting(f"index [{name}]", existing, wanted, spec, endpoints, dimensions)
        added = [path for path in difference.added if path.partition(".")[0] != METADATA]
        return Preview(True, added, difference.parameters)
    except ApiError as error:
        raise TargetError(f"index [{name}]: {describe(error)}") from None
    except TransportError as error:
        raise TargetError(f"the target does not answer: {describe(error)}", transient=True) from None


def _own_fields() -> set[str]:
    return {METADATA, f"{METADATA}.hash"}


def _mapping_of(client: Elasticsearch, name: str) -> dict[str, Any] | None:
    try:
        answer = client.indices.get_mapping(index=name)
    except NotFoundError:
        return None
    if len(answer) != 1:
        raise PipelineError(f"[{name}] stands for {len(answer)} indices, documents can go to one only")
    return dict(next(iter(answer.values())))


def _complete(
    client: Elasticsearch,
    name: str,
    existing: Mapping[str, Any],
    spec: PipelineSpec,
    endpoints: Mapping[str, TargetEndpoint],
    dimensions: Dimensions,
) -> None:
    where = f"index [{name}]"
    wanted = _wanted(existing, spec, endpoints, dimensions)
    difference, models = _fitting(where, existing, wanted, spec, endpoints, dimensions)
    for text in difference.parameters:
        log.warning("%s: %s; a new index would have what the file says", where, text)
    if difference.additions:
        own = {"pipeline": spec.name, "models": models}
        meta = (existing.get("mappings") or {}).get("_meta") or {}
        client.indices.put_mapping(index=name, properties=difference.additions, meta={**meta, METADATA: own})
        added = [path for path in difference.added if path.partition(".")[0] != METADATA]
        if added:
            fields = ", ".join(f"[{path}]" for path in added)
            log.warning("%s: added to its mapping: %s; documents that are there already lack them", where, fields)


def _fitting(
    where: str,
    existing: Mapping[str, Any],
    wanted: Mapping[str, Any],
    spec: PipelineSpec,
    endpoints: Mapping[str, TargetEndpoint],
    dimensions: Dimensions,
) -> tuple[Difference, dict[str, str]]:
    """How an index that the pipeline can use differs from the one it wants, and the models of its vector fields.

    Raises:
        PipelineError: the pipeline cannot use it.
    """
    mapping = existing.get("mappings") or {}
    difference = compare(wanted, mapping)
    known = {**mappings.fields({"mappings": wanted}), **mappings.fields(dict(existing))}
    meta = mapping.get("_meta") or {}
    models = (meta.get(METADATA) or {}).get("models") or {}
    now = {}
    for output in outputs(spec, endpoints):
        if output.type is None:
            continue
        then = models.get(output.field)
        now[output.field] = output.endpoint.fingerprint
        if then is not None and then != now[output.field]:
            raise PipelineError(
                f"{where}: field [{output.field}] holds vectors of another model than endpoint "
                f"[{output.endpoint.inference_id}] has now; mixing them would break the search",
                hint="ingest into a new index (--index NAME), or delete this one first",
            )
        # The same model made the field, so its dims are right and nobody has to be asked.
        _check(output, known.get(output.field), where, dimensions if then is None else lambda _: None)
    if difference.conflicts:
        raise PipelineError(
            f"{where}: {'; '.join(difference.conflicts)}; a field's type cannot be changed",
            hint="ingest into a new index (--index NAME), delete this one first, or make the mapping say what is there",
        )
    return difference, {**models, **now}


def _wanted(
    existing: Mapping[str, Any],
    spec: PipelineSpec,
    endpoints: Mapping[str, TargetEndpoint],
    dimensions: Dimensions,
) -> dict[str, Any]:
    """The `mappings` that an index needs; vector fields have their dims only where one has to be added."""
    if spec.mapping is None:
        return {"properties": {METADATA: METADATA_FIELD}}
    there = mappings.fields(dict(existing))
    if any(output.field not in there for output in outputs(spec, endpoints)):
        return dict(body(spec, endpoints, dimensions)["mappings"])
    own = spec.mapping.get("mappings") or {}
    return {**own, "properties": {**(own.get("properties") or {}), METADATA: METADATA_FIELD}}


def _check(
    output: Output, definition: dict[str, Any] | None, where: str, dimensions: Callable[[TargetEndpoint], int | None]
) -> None:
    endpoint = output.endpoint
    if definition is None:
        raise PipelineError(
            f"there is no field [{output.field}] for the vectors of endpoint [{endpoint.inference_id}]",
            where=where or None,
            hint=f"add it to the mapping: {{'type': '{output.type}'}}",
        )
    got = definition.get("type", "object")
    if got != output.type:
        raise PipelineError(
            f"field [{output.field}] is of type {got}, endpoint [{endpoint.inference_id}] ({endpoint.task_type}) "
            f"needs {output.type}",
            where=where or None,
        )
    if output.type == "dense_vector" and "dims" in definition:
        wanted = dimensions(endpoint)
        if wanted is not None and definition["dims"] != wanted:
            raise PipelineError(
                f"field [{output.field}] has {definition['dims']} dims, "
                f"endpoint [{endpoint.inference_id}] gives {wanted}",
                where=where or None,
                hint="leave `dims` out of the mapping, or ingest into a new index (--index NAME)",
            )


def _add(mapping: dict[str, Any], field: str, definition: dict[str, Any]) -> None:
    """Adds a field; objects on the way become nested, as lists of passages need it."""
    *parents, last = field.split(".")
    node = mapping
    for parent in parents:
        node = node.setdefault("properties", {}).setdefault(parent, {"type": "nested"})
    node.setdefault("properties", {})[last] = definition
