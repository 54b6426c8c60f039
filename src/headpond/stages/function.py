"""Stages of one's own: a Python function becomes a processor with the function's name and its parameters as options.

    def shout(document, field="title"):
        document[field] = document[field].upper()

    pipeline = headpond.load("articles.yaml", client=es, stages=[shout])

The file says where it runs: `- shout: {field: body}`. The function changes the document or returns another one; what it
raises fails the record. One marked with `@headpond.batch` gets a list of documents and may return a list in which
exceptions stand for documents that failed.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeVar

from pydantic import ConfigDict, Field, create_model

from headpond.errors import InputError
from headpond.stages.code import code_of
from headpond.stages.ingest import PROCESSORS
from headpond.stages.ingest.base import Context, Processor, ProcessorSpec
from headpond.stages.known import OURS, Known
from headpond.stages.record import Record

Function = Callable[..., Any]
F = TypeVar("F", bound=Function)
_BATCH = "__headpond_batch__"


def batch(function: F) -> F:
    """Marks a function that takes a list of documents instead of one."""
    setattr(function, _BATCH, True)
    return function


def known_with(functions: Sequence[Function]) -> Known:
    """The processors that are here, and those functions.

    Raises:
        InputError: a function has no name of its own, or one that a processor has.
    """
    if not functions:
        return OURS
    stages: dict[str, type[Processor[Any]]] = {}
    for function in functions:
        name = getattr(function, "__name__", "")
        if not name.isidentifier():
            raise InputError(f"a stage is a function with a name, not {function!r}", hint="write it with def")
        if name in stages or name in PROCESSORS:
            raise InputError(f"there is a processor {name!r} already", hint="give the function another name")
        stages[name] = _processor(name, function)
    return Known(stages)


class FunctionSpec(ProcessorSpec):
    """Options that every function has; its own parameters come to them."""

    model_config = ConfigDict(arbitrary_types_allowed=True)


class FunctionProcessor(Processor[FunctionSpec]):
    """Runs a function.

    Attributes:
        function: the function.
        options: names of its parameters, without the first.
    """

    elasticsearch = False
    function: ClassVar[Function]
    options: ClassVar[tuple[str, ...]]

    def run(self, records: Sequence[Record], context: Context) -> None:
        """Calls the function for each record, or once for all of them."""
        kind = type(self)
        options = {name: getattr(self.spec, name) for name in kind.options}
        if not getattr(kind.function, _BATCH, False):
            for record in records:
                self._settle(record, _called(kind.function, record.document, options))
            return
        found = _called(kind.function, [record.document for record in records], options)
        if found is None:
            return
        if not isinstance(found, list) or len(found) != len(records):
            found = TypeError(f"{self.type} must return a list of {len(records)} documents, or None")
        for place, record in enumerate(records):
            self._settle(record, found if isinstance(found, Exception) else found[place])

    def _settle(self, record: Record, found: Any) -> None:
        if isinstance(found, dict):
            record.document = found
        elif isinstance(found, ValueError):
            self.fail(record, str(found))
        elif isinstance(found, Exception):
            self.fail(record, f"{type(found).__name__}: {found}")
        elif found is not None:
            self.fail(record, f"{self.type} must return a document or None, not {type(found).__name__}")

    def fingerprint(self) -> str:
        """Changes with the function's code."""
        return code_of(type(self).function)


def _called(function: Function, argument: Any, options: dict[str, Any]) -> Any:
    """What the function returns, or the exception it raises."""
    try:
        return function(argument, **options)
    except Exception as error:  # a fault of the function must not cost the other records
        return error


def _processor(name: str, function: Function) -> type[Processor[Any]]:
    try:
        _document, *rest = inspect.signature(function).parameters.values()
    except (ValueError, TypeError):
        raise InputError(f"the stage {name!r} must take a document") from None
    options: dict[str, Any] = {}
    for parameter in rest:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            raise InputError(f"the stage {name!r} must name its options, {parameter} says too little")
        default = ... if parameter.default is parameter.empty else parameter.default
        options[parameter.name] = (Any, Field(default, description=f"The parameter {parameter.name!r}."))
    taken = sorted(set(options) & set(ProcessorSpec.model_fields))
    if taken:
        text = f"the stage {name!r} has a parameter {taken[0]!r}, which every processor has"
        raise InputError(text, hint="rename it")
    spec = create_model(f"{name}_options", __base__=FunctionSpec, **options)
    members = {"Spec": spec, "function": staticmethod(function), "options": tuple(options)}
    return type(name, (FunctionProcessor,), members)
