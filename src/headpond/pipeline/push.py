"""Installs the processors of a pipeline on the target, as ingest pipelines that run there."""

from __future__ import annotations

from typing import Any

from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch

from headpond.errors import PipelineError, TargetError
from headpond.pipeline import endpoints
from headpond.pipeline.api_error import describe
from headpond.pipeline.spec import PipelineSpec
from headpond.pipeline.target import check_version


def bodies(spec: PipelineSpec) -> dict[str, dict[str, Any]]:
    """The bodies of `PUT _ingest/pipeline`, by id, in the order in which they must be installed.

    Raises:
        PipelineError: a processor is one that Elasticsearch has not; names all of them.
    """
    own = [processor for processor in spec.processors.processors() if not processor.elasticsearch]
    if own:
        listed = ", ".join(dict.fromkeys(processor.name for processor in own))
        raise PipelineError(
            f"Elasticsearch has no such processors: {listed}",
            where=spec.where.file or None,
            hint="run the pipeline from here (headpond ingest), or give them a pipeline file of their own",
        )
    file = spec.file
    main = {
        "description": file.description,
        "version": file.version,
        "_meta": file.meta,
        "field_access_pattern": file.field_access_pattern,
        "processors": file.processors,
        "on_failure": file.on_failure,
    }
    return {**file.pipelines, spec.name: {key: value for key, value in main.items() if value is not None}}


def push(client: Elasticsearch, spec: PipelineSpec) -> dict[str, dict[str, Any]]:
    """Installs the pipeline under its name, and those it calls under theirs; what is there already is replaced.

    Returns:
        What was installed, by id.

    Raises:
        PipelineError: a processor is one that Elasticsearch has not, or the target refuses a pipeline.
        TargetError: an endpoint that processors ask is missing, or the target does not answer.
    """
    made = bodies(spec)
    check_version(client)
    missing = [name for name in spec.processors.endpoints() if endpoints.get(client, name) is None]
    if missing:
        listed = ", ".join(missing)
        make = f"make it: headpond apply {spec.where.file or spec.name}"
        raise TargetError(f"the target has no endpoint [{listed}]", hint=make)
    for id, body in made.items():
        try:
            client.ingest.put_pipeline(id=id, body=body)
        except ApiError as error:
            raise PipelineError(f"the target refuses the pipeline [{id}]: {describe(error)}") from None
        except TransportError as error:
            raise TargetError(f"the target does not answer: {describe(error)}", transient=True) from None
    return made
