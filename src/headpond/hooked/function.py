"""A Python function as a response processor: it is given the hits and gives them back.

What it gives back is checked, because whoever searches gets it: hits that were found, none twice, with scores that are
numbers, as JSON. Otherwise the hits stay as they were and `degraded` says what was wrong. It works on copies, so
nothing is left of what it did to them before it failed.
"""

from __future__ import annotations

import inspect
import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import orjson

from headpond import exact_json
from headpond.errors import InputError
from headpond.stages.degraded import Degraded
from headpond.stages.response.base import Hit, ResponseProcessor, ResponseProcessorSpec, Results, as_json

Stage = Callable[..., Any]
_OBJECTS = ("_source", "fields", "_headpond")
"""Parts of a hit that whoever comes after looks into."""


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
        """Hands over the hits and takes back what it gives; raises what the function raises."""
        begun = results.deadline.spent_ms
        given = _copied(results.hits)
        found = self._function(given, results.query) if self._takes_query else self._function(given)
        try:
            results.hits[:] = _checked(given if found is None else found, results.hits)
        except ValueError as error:
            results.degraded.append(Degraded(self.name, str(error), results.deadline.spent_ms - begun))


def _checked(found: Any, given: Sequence[Hit]) -> list[Hit]:
    """What a function gave back, as hits.

    Raises:
        ValueError: it is not that.
    """
    if not isinstance(found, Iterable) or isinstance(found, str | bytes | Mapping):
        raise ValueError(f"it gave back {_kind(found)} and not a list of hits")
    hits = list(found)
    left = Counter(_name(hit) for hit in given)
    known = set(left)
    for place, hit in enumerate(hits):
        if not isinstance(hit, dict):
            raise ValueError(f"it gave back a list of hits with {_kind(hit)} in it, at {place}")
        name = _name(hit)
        if not left[name]:
            raise ValueError(f"it gave back the hit {name} {'twice' if name in known else 'that it was not given'}")
        left[name] -= 1
        for key in _OBJECTS:
            if key in hit and not isinstance(hit[key], dict):
                raise ValueError(f"it gave the hit {name} the {key} {hit[key]!r:.50}, which is no object")
        _settle_score(hit, name)
    try:
        exact_json.dumps(hits)
    except orjson.JSONEncodeError:
        _check_json(hits)
    return hits


def _settle_score(hit: Hit, name: str) -> None:
    """Makes a score of numpy one of Python's.

    Raises:
        ValueError: it is no number.
    """
    score = hit.get("_score")
    if score is None:
        return
    if isinstance(score, np.floating | np.integer):
        score = hit["_score"] = as_json(score) if isinstance(score, np.float32) else score.item()
    if isinstance(score, bool) or not isinstance(score, int | float) or not math.isfinite(score):
        raise ValueError(f"it gave the hit {name} the score {score!r:.50}, which is no finite number")


def _check_json(hits: list[Hit]) -> None:
    """Says what is no JSON; texts that orjson does not write may be.

    Raises:
        ValueError: something is.
    """
    try:
        json.dumps(hits)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"it gave back hits that are no JSON: {error}") from None


def _name(hit: Hit) -> str:
    return f"[{hit.get('_index')}/{hit.get('_id')}]"


def _kind(value: Any) -> str:
    return "None" if value is None else f"{type(value).__name__} ({value!r:.50})"


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_copied(item) if isinstance(item, dict | list) else item for item in value]
    return value


def _takes(function: Stage, arguments: int) -> bool:
    try:
        inspect.signature(function).bind(*([None] * arguments))
    except TypeError:
        return False
    except ValueError:
        return arguments == 1  # a builtin without a signature
    return True
