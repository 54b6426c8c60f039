"""Routes: which function answers a method and a path."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote

from headpond.errors import RestError, nearest
from headpond.node.call import ALWAYS_ALLOWED, Call, illegal_argument
from headpond.node.http import Request, Response
from headpond.node.security.actions import action_of

if TYPE_CHECKING:
    from headpond.node.node import Node

Handler = Callable[["Node", Call], "Response | dict[str, Any] | list[Any]"]


@dataclass(frozen=True, slots=True)
class Operation:
    """One handler with what it accepts.

    Attributes:
        handler: takes the node and the call; what is not a `Response` is sent as JSON with status 200.
        params: query parameters the operation knows; None takes any.
        body: whether a body is allowed.
        action: Elasticsearch's name of what is done, which decides who may; see `security/actions.py`.
    """

    handler: Handler
    params: frozenset[str] | None
    body: bool
    action: str


@dataclass(slots=True)
class _Branch:
    children: dict[str, _Branch] = field(default_factory=dict)
    wild: _Branch | None = None
    below: _Branch | None = None
    operations: dict[str, tuple[Operation, tuple[str, ...]]] = field(default_factory=dict)


_ROUTES: list[tuple[str, str, Operation]] = []


H = TypeVar("H", bound=Handler)


def route(
    *methods_and_path: str, params: Iterable[str] | None = (), body: bool = True, action: str | None = None
) -> Callable[[H], H]:
    """Registers a function for methods and a path with placeholders, as in `route("GET", "/{index}/_doc/{id}")`.

    Args:
        methods_and_path: one or more methods, then one path; `**` at its end stands for whatever follows, also nothing.
        params: query parameters the operation knows besides the common ones; any other is a 400. None takes any.
        body: False refuses a request that carries a body.
        action: Elasticsearch's name of what is done, as in `cluster:monitor/health`; None looks it up in
            `security/actions.py`.
    """
    *methods, path = methods_and_path

    def register(handler: H) -> H:
        known = None if params is None else frozenset(params) | ALWAYS_ALLOWED
        for method in methods:
            _ROUTES.append((method, path, Operation(handler, known, body, action or action_of(method, path))))
        return handler

    return register


def routes() -> list[tuple[str, str, Operation]]:
    """Method, path and operation of all routes; complete once there is a `Router`."""
    return list(_ROUTES)


class UnroutedError(RestError):
    """No operation has this method and path; Elasticsearch answers with a bare text, and no status when it is 400."""

    def __init__(self, status: int, reason: str, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(status, "illegal_argument_exception", reason, headers=headers)

    def body(self) -> dict[str, Any]:
        """The text alone."""
        return {"error": self.reason, "status": self.status} if self.status != 400 else {"error": self.reason}


@functools.cache
def _tree() -> _Branch:
    """The routes of all modules of `headpond.node.api`; they never change, so all nodes of a process share them."""
    package = importlib.import_module("headpond.node.api")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"headpond.node.api.{module.name}")
    root = _Branch()
    for method, path, operation in _ROUTES:
        _add(root, method, path, operation)
    return root


def _add(root: _Branch, method: str, path: str, operation: Operation) -> None:
    branch, names = root, []
    for segment in path.strip("/").split("/") if path != "/" else []:
        if segment == "**":
            branch.below = branch.below or _Branch()
            branch = branch.below
        elif segment.startswith("{"):
            names.append(segment[1:-1])
            branch.wild = branch.wild or _Branch()
            branch = branch.wild
        else:
            branch = branch.children.setdefault(segment, _Branch())
    branch.operations[method] = (operation, tuple(names))


class Router:
    """Matches paths segment by segment; a literal segment wins over a placeholder."""

    def __init__(self) -> None:
        self._root = _tree()

    def find(self, request: Request) -> tuple[Operation, Call]:
        """The operation for a request.

        Raises:
            RestError: 400 when no route has this path, 405 when one has but not for this method, 400 for an
                unknown parameter.
        """
        segments = [unquote(part) for part in request.path.split("/") if part]
        methods: set[str] = set()
        for branch, values in self._walk(self._root, segments, ()):
            found = branch.operations.get(request.method)
            if found is not None:
                operation, names = found
                self._check(operation, request)
                return operation, Call(request, dict(zip(names, values, strict=True)))
            methods |= branch.operations.keys()
        if methods:
            allowed = ", ".join(sorted(methods))
            asked = f"uri [{request.path}] and method [{request.method}]"
            reason = f"Incorrect HTTP method for {asked}, allowed: [{allowed}]"
            raise UnroutedError(405, reason, headers={"allow": allowed.replace(" ", "")})
        raise UnroutedError(400, f"no handler found for uri [{request.path}] and method [{request.method}]")

    def _walk(
        self, branch: _Branch, segments: list[str], values: tuple[str, ...]
    ) -> Iterable[tuple[_Branch, tuple[str, ...]]]:
        if not segments:
            if branch.operations:
                yield branch, values
            if branch.below is not None:
                yield branch.below, values
            return
        head, rest = segments[0], segments[1:]
        if head in branch.children:
            yield from self._walk(branch.children[head], rest, values)
        if branch.wild is not None:
            yield from self._walk(branch.wild, rest, (*values, head))
        if branch.below is not None:
            yield branch.below, values

    @staticmethod
    def _check(operation: Operation, request: Request) -> None:
        known = operation.params
        unknown = [] if known is None else [name for name in request.query if name not in known]
        if known is not None and unknown:
            plural = "s" if len(unknown) > 1 else ""
            described = []
            for name in sorted(unknown):
                near = nearest(name, known)
                described.append(f"[{name}] -> did you mean [{near}]?" if near else f"[{name}]")
            listed = ", ".join(described)
            raise illegal_argument(f"request [{request.path}] contains unrecognized parameter{plural}: {listed}")
        if request.body and not operation.body:
            raise illegal_argument(f"request [{request.method} {request.path}] does not support having a body")
