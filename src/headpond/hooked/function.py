"""A Python function as a response processor: it is given the hits and gives them back."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from headpond.errors import InputError
from headpond.stages.response.base import ResponseProcessor, ResponseProcessorSpec, Results

Stage = Callable[..., Any]


class FunctionStage(ResponseProcessor[ResponseProcessorSpec]):
    """Calls `function(hits)`, or `function(hits, query)` where it takes two arguments.

    Args:
        function: gets the list of hits and returns one; None keeps the list it was given, with what it did to it.
        name: where it stands.

    Raises:
        InputError: it cannot be called so.
    """

    Spec = ResponseProcessorSpec

    def __init__(self, function: Stage, name: str) -> None:
        super().__init__(ResponseProcessorSpec(description=None, tag=None), name)
        if inspect.iscoroutinefunction(function):
            raise InputError(f"{name} is an async function", hint="stages run in a worker thread: use `def`")
        self._function = function
        self._takes_query = _takes(function, 2)
        if not self._takes_query and not _takes(function, 1):
            raise InputError(f"{name} cannot be called with the hits", hint="a stage is `def stage(hits)`")

    def process(self, results: Results) -> None:
        """Hands over the hits.

        Raises:
            TypeError: what came back is no list of hits; the hits stay as they were.
        """
        given = [dict(hit) for hit in results.hits]
        found = self._function(given, results.query) if self._takes_query else self._function(given)
        hits = given if found is None else list(found)
        if not all(isinstance(hit, dict) for hit in hits):
            raise TypeError("it did not give back a list of hits")
        results.hits[:] = hits


def _takes(function: Stage, arguments: int) -> bool:
    try:
        inspect.signature(function).bind(*([None] * arguments))
    except TypeError:
        return False
    except ValueError:
        return arguments == 1  # a builtin without a signature
    return True
