"""Ingest and query pipelines for Elasticsearch.

    import headpond

    es = headpond.connect("memory")               # or a cluster's URL: nothing below changes
    pipeline = headpond.load("quickstart", client=es)
    pipeline.apply()
    pipeline.ingest([{"_id": "a", "title": "Mills", "body": "Rivers turn wheels."}])
    print(pipeline.search("what makes a mill go")["hits"]["hits"][0]["_id"])

What is heavy is imported when it is first used, so that `import headpond` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from headpond.connect import connect, connect_async
from headpond.errors import HeadpondError
from headpond.hook import hook
from headpond.toolkit import load, serve

if TYPE_CHECKING:
    from headpond.evaluation.evaluate import evaluate
    from headpond.node import Node
    from headpond.pipeline import Pipeline, Report
    from headpond.stages.function import batch

__all__ = [
    "HeadpondError",
    "Node",
    "Pipeline",
    "Report",
    "batch",
    "connect",
    "connect_async",
    "evaluate",
    "hook",
    "load",
    "serve",
]

_HOMES = {
    "Node": "node",
    "Pipeline": "pipeline",
    "Report": "pipeline",
    "batch": "stages.function",
    "evaluate": "evaluation.evaluate",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"headpond.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'headpond' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
