"""What a search says of an index that is not there."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch

from headpond.errors import PipelineError, TargetError, nearest
from headpond.pipeline.find import names
from headpond.pipeline.index import index_name
from headpond.pipeline.spec import PipelineSpec


class MissingIndexError(TargetError):
    """An index is not there.

    Attributes:
        index: its name.
    """

    def __init__(self, index: str, *, meant: str = "", hint: str = "ingest into it first") -> None:
        super().__init__(f"there is no index [{index}]{meant}", hint=hint)
        self.index = index


def missing(error: Any) -> MissingIndexError | None:
    """The index that an error object of the target names; None where it is about something else."""
    if not isinstance(error, dict) or error.get("type") != "index_not_found_exception":
        return None
    return MissingIndexError(str(error.get("index") or error.get("resource.id")))


def explained(error: MissingIndexError, client: Elasticsearch, spec: PipelineSpec) -> MissingIndexError:
    """The error with the nearest name on the target, and the command that makes the index.

    Args:
        error: as it came.
        client: of the target.
        spec: the pipeline that searched.
    """
    near = own = None
    with suppress(PipelineError):
        own = index_name(spec)
    with suppress(ApiError, TransportError):
        there = client.indices.get_alias().body
        near = nearest(error.index, [*there, *(alias for index in there.values() for alias in index["aliases"])])
    meant = f", did you mean [{near}]?" if near else ""
    where = "" if error.index == own else f" --index {error.index}"
    return MissingIndexError(error.index, meant=meant, hint=f"headpond ingest {_given(spec)} FILE{where}")


def _given(spec: PipelineSpec) -> str:
    """How a command line names a pipeline."""
    file = spec.where.file
    return spec.name if not file or dict(names()).get(spec.name) == Path(file) else file
