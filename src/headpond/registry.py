"""Things that are found by file name: services, processors, queries, field types, CLI verbs.

A new thing is a new file in its package; the file's name is its key, where two underscores stand for a hyphen. Third
parties add theirs with an entry point.
Nothing here imports a module before it is asked for by name.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar

from headpond.errors import UnknownNameError

T = TypeVar("T")


class Registry(Generic[T]):
    """Names a package's modules and loads the one class of type `base` that each defines.

    Args:
        kind: what one thing is called in messages, as in `processor`.
        package: the package whose modules are the things; modules named `base` or starting with `_` are left out.
        base: the class every thing derives from.
        group: the entry-point group in which third parties register classes.
    """

    def __init__(self, kind: str, package: str, base: type[T], *, group: str | None = None) -> None:
        self.kind = kind
        self._package = package
        self._base = base
        self._group = group
        self._loaded: dict[str, type[T]] = {}

    @cached_property
    def _modules(self) -> dict[str, str]:
        path = importlib.import_module(self._package).__path__
        names = (module.name for module in pkgutil.iter_modules(path))
        return {name.replace("__", "-"): name for name in names if name != "base" and not name.startswith("_")}

    @cached_property
    def _plugins(self) -> dict[str, EntryPoint]:
        return {point.name: point for point in entry_points(group=self._group)} if self._group else {}

    def names(self) -> list[str]:
        """All names, sorted, without importing anything."""
        return sorted(self._modules.keys() | self._plugins.keys())

    def __contains__(self, name: object) -> bool:
        return name in self._modules or name in self._plugins

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def get(self, name: str, *, where: str | None = None) -> type[T]:
        """The class registered as `name`.

        Raises:
            UnknownNameError: nothing has this name; the message lists what has, and the nearest.
        """
        if name not in self._loaded:
            if name in self._modules:
                self._loaded[name] = self._find(self._modules[name])
            elif name in self._plugins:
                self._loaded[name] = self._plugins[name].load()
            else:
                raise UnknownNameError(self.kind, name, self.names(), where=where)
        return self._loaded[name]

    def _find(self, module_name: str) -> type[T]:
        module = importlib.import_module(f"{self._package}.{module_name}")
        found = [
            thing
            for thing in vars(module).values()
            if isinstance(thing, type)
            and issubclass(thing, self._base)
            and thing.__module__ == module.__name__
            and not thing.__name__.startswith("_")
        ]
        if len(found) != 1:
            raise TypeError(f"{module.__name__} must define one {self._base.__name__}, it defines {len(found)}")
        return found[0]
