"""Endpoints of a pipeline on a target: looked up, made where they are missing, compared where they exist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch, NotFoundError

from headpond.errors import PipelineError, TargetError
from headpond.inference.fingerprint import fingerprint
from headpond.inference.hidden_url import setting_shown
from headpond.pipeline.api_error import describe
from headpond.pipeline.environment import Resolved, resolve
from headpond.pipeline.references import endpoint_ids, references
from headpond.pipeline.spec import PipelineSpec
from headpond.stages.where import Where

CREATION = "600s"
"""How long a target may take to make an endpoint: a local model may have to be fetched first."""

_SERVICE_NAMES = {"elser": "elasticsearch"}
_ELEMENT_TYPES = {"byte": "byte", "int8": "byte", "bit": "bit", "binary": "bit"}
# Changed by the target while the endpoint lives, so no difference between the file and the target.
_MOVING = {"num_allocations", "adaptive_allocations"}


@dataclass(frozen=True, slots=True)
class TargetEndpoint:
    """An endpoint as the target shows it.

    Attributes:
        inference_id: its id.
        task_type: what it does.
        dimensions: of its dense vectors; None when it has none or the target does not say.
        similarity: what its dense vectors are compared with; None when the target does not say.
        element_type: of its dense vectors: `float`, `byte` or `bit`.
        fingerprint: names the model behind it; the same means the same vectors.
        shown: the entry of `GET _inference`.
    """

    inference_id: str
    task_type: str
    dimensions: int | None
    similarity: str | None
    element_type: str
    fingerprint: str
    shown: Mapping[str, Any]


def get(client: Elasticsearch, inference_id: str) -> TargetEndpoint | None:
    """The endpoint, or None when the target has none of this id.

    Raises:
        TargetError: the target does not answer, or has no inference API.
    """
    try:
        answer = client.inference.get(inference_id=inference_id)
    except NotFoundError:
        return None
    except ApiError as error:
        # A node without the API takes `_inference` for the name of an index, or knows no such route.
        hint = "connect with inference='embedded' (--inference embedded) to have a pond answer _inference"
        raise TargetError(f"the target has no inference API: {describe(error)}", hint=hint) from None
    except TransportError as error:
        raise TargetError(f"the target does not answer: {describe(error)}", transient=True) from None
    return _read(answer["endpoints"][0])


def lookup(client: Elasticsearch, spec: PipelineSpec) -> dict[str, TargetEndpoint]:
    """Every endpoint the pipeline needs, as the target has it.

    Raises:
        PipelineError: one is missing, or does something else than its place in the pipeline needs.
        TargetError: as `get`.
    """
    found: dict[str, TargetEndpoint] = {}
    for inference_id in endpoint_ids(spec):
        endpoint = get(client, inference_id)
        if endpoint is None:
            raise _missing(spec, inference_id)
        found[inference_id] = endpoint
    _check_task_types(spec, found)
    return found


def apply(client: Elasticsearch, spec: PipelineSpec) -> dict[str, TargetEndpoint]:
    """Makes the declared endpoints that do not exist, compares those that do, and returns all the pipeline needs.

    Raises:
        PipelineError: an environment variable is not set, or an endpoint exists with other settings; says which.
        TargetError: the target refuses an endpoint.
    """
    for inference_id, body in spec.file.endpoints.items():
        where = spec.where.at("endpoints", inference_id)
        declared = body.model_dump(exclude_none=True, exclude_defaults=True)
        existing = get(client, inference_id)
        if existing is None:
            _put(client, inference_id, resolve(declared, where), str(where))
            continue
        if different := differences(declared, existing):
            raise PipelineError(
                f"endpoint [{inference_id}] exists with other settings: {'; '.join(different)}",
                where=str(where) or None,
                hint=f"give it another id in the file, or remove the old one: DELETE _inference/{inference_id}",
            )
    return lookup(client, spec)


def differences(declared: Mapping[str, Any], existing: TargetEndpoint) -> list[str]:
    """What a pipeline file says of an endpoint and the target shows otherwise, in words.

    Raises:
        PipelineError: an environment variable is not set.
    """
    # A pond says so when another model serves in the place of the one that was asked for.
    stands_in_for = (existing.shown.get("headpond") or {}).get("stands_in_for")
    return list(_differences(declared, existing.shown, stands_in_for))


def declared_endpoint(inference_id: str, declared: Mapping[str, Any]) -> TargetEndpoint:
    """An endpoint that is not there yet, as far as the pipeline file says what it will be."""
    return _read({"service_settings": {}, **declared, "inference_id": inference_id})


def _put(client: Elasticsearch, inference_id: str, resolved: Resolved, where: str) -> None:
    body = dict(resolved.value)
    task_type = body.pop("task_type")
    body.setdefault("service_settings", {})
    try:
        client.options(request_timeout=660, max_retries=0).inference.put(
            inference_id=inference_id, task_type=task_type, inference_config=body, timeout=CREATION
        )
    except (ApiError, TransportError) as error:
        reason = resolved.redact(describe(error))
        place = f"{where}: " if where else ""
        raise TargetError(f"{place}the target did not make endpoint [{inference_id}]: {reason}") from None


def _differences(
    declared: Mapping[str, Any], shown: Mapping[str, Any], stands_in_for: str | None, prefix: str = ""
) -> Iterator[str]:
    """What the file says and the target shows otherwise; what the target does not show (secrets) is not compared."""
    for key, wanted in declared.items():
        if key not in shown or key in _MOVING:
            continue
        got = shown[key]
        if isinstance(wanted, dict) and isinstance(got, dict):
            yield from _differences(wanted, got, stands_in_for, f"{prefix}{key}.")
            continue
        if key == "service":
            wanted = _SERVICE_NAMES.get(wanted, wanted)
        if isinstance(wanted, str) and "${" in wanted:
            resolved = resolve(wanted, Where())
            if got not in (resolved.value, setting_shown(key, resolved.value)):
                yield f"{prefix}{key} is not what {wanted} stands for"
            continue
        of_file = setting_shown(key, wanted) if isinstance(wanted, str) else wanted
        if got not in (wanted, of_file) and not (key == "model_id" and wanted == stands_in_for):
            yield f"{prefix}{key} is {got!r} there and {of_file!r} in the file"


def _read(shown: Mapping[str, Any]) -> TargetEndpoint:
    settings = shown.get("service_settings") or {}
    dimensions = settings.get("dimensions")
    return TargetEndpoint(
        inference_id=shown["inference_id"],
        task_type=shown["task_type"],
        dimensions=dimensions if isinstance(dimensions, int) else None,
        similarity=settings.get("similarity"),
        element_type=_ELEMENT_TYPES.get(str(settings.get("element_type") or settings.get("embedding_type")), "float"),
        fingerprint=fingerprint(shown),
        shown=shown,
    )


def _missing(spec: PipelineSpec, inference_id: str) -> PipelineError:
    places = [str(ref.where) for ref in references(spec.file, spec.where) if ref.inference_id == inference_id]
    if inference_id in spec.file.endpoints:
        hint = "make it: headpond apply, or pipeline.apply()"
    else:
        hint = "declare it under `endpoints:`, or create it on the target"
    where = places[0] if places else None
    return PipelineError(f"the target has no endpoint [{inference_id}]", where=where, hint=hint)


def _check_task_types(spec: PipelineSpec, found: Mapping[str, TargetEndpoint]) -> None:
    for reference in references(spec.file, spec.where):
        task_type = found[reference.inference_id].task_type
        if task_type not in reference.task_types:
            raise PipelineError(
                f"endpoint [{reference.inference_id}] does {task_type}, here it must do "
                f"{' or '.join(sorted(reference.task_types))}",
                where=str(reference.where) or None,
            )
