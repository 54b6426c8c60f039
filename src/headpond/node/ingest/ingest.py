"""The ingest API without HTTP."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from headpond.errors import RestError
from headpond.node.call import illegal_argument
from headpond.node.inference import Inference
from headpond.node.ingest.embedder import NodeEmbedder
from headpond.node.ingest.simulate import simulate
from headpond.node.ingest.stored import StoredPipelines
from headpond.node.ingest.writes import run_pipelines
from headpond.node.store.indices import Indices
from headpond.node.store.operation import Operation
from headpond.stages.ingest.base import Context

_SETTINGS = ("default", "final")


class Ingest:
    """The pipelines of a node; its errors are Elasticsearch's.

    Args:
        stored: the pipelines.
        indices: whose settings may name them.
        inference: what `inference` processors ask.
    """

    def __init__(self, stored: StoredPipelines, indices: Indices, inference: Inference) -> None:
        self._stored = stored
        self._indices = indices
        self._context = Context(NodeEmbedder(inference), pipelines=stored.get)

    def put(self, id: str, body: Mapping[str, Any], if_version: int | None = None) -> None:
        """Keeps a pipeline; see `StoredPipelines.put`."""
        self._stored.put(id, body, if_version)

    def get(self, expression: str | None = None) -> dict[str, Mapping[str, Any]]:
        """Bodies by id, of all pipelines or of those that a comma list of names and wildcards means."""
        return self._stored.bodies(expression)

    def delete(self, pattern: str) -> None:
        """Forgets the pipelines that a name or wildcard means.

        Raises:
            RestError: 404, there is none; 400, an index uses one of them for all its documents.
        """
        found = self._stored.matching(pattern)
        if not found and pattern != "*":
            raise RestError(404, "resource_not_found_exception", f"pipeline [{pattern}] is missing")
        for id in found:
            self._check_unused(id)
        self._stored.remove(found)

    def simulate(self, body: Mapping[str, Any], id: str | None = None, *, verbose: bool = False) -> dict[str, Any]:
        """The answer to `_simulate`; see `headpond.node.ingest.simulate`."""
        return simulate(body, id, self._stored, self._context, verbose=verbose)

    def run(self, operations: Iterable[Operation]) -> bool:
        """Runs the pipelines of writes and says whether there were any; see `headpond.node.ingest.writes`."""
        return run_pipelines(operations, self._indices, self._stored, self._context)

    def _check_unused(self, id: str) -> None:
        users = []
        for kind in _SETTINGS:
            setting = f"index.{kind}_pipeline"
            names = sorted(index.name for index in self._indices if index.metadata.settings.get(setting) == id)
            if names:
                users.append(f"the {kind} pipeline for {len(names)} index(es) including [{','.join(names[:3])}]")
        if users:
            raise illegal_argument(f"pipeline [{id}] cannot be deleted because it is {' and '.join(users)}")
