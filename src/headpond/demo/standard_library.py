"""Reads the documentation of the running Python's standard library as records, with nothing to download.

Source files are parsed, not imported; only modules without a source (written in C) are imported for their docstrings.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import sys
import sysconfig
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

# Programs and vendored copies rather than a library's documentation.
LEFT_OUT = {"antigravity", "ensurepip", "idlelib", "lib2to3", "pydoc_data", "test", "this", "turtledemo"}
Record = dict[str, Any]


def records() -> Iterator[Record]:
    """Every documented public module, class, function and method.

    Yields:
        `{_id, title, kind, module, signature, body}`: `_id` is the qualified name, `title` the same followed by the
        signature, `body` the docstring with its indentation removed.
    """
    seen: set[str] = set()
    for record in _all():
        if record["_id"] not in seen:
            seen.add(record["_id"])
            yield record


def _all() -> Iterator[Record]:
    root = Path(sysconfig.get_path("stdlib"))
    for name in sorted(sys.stdlib_module_names, key=lambda name: (name.startswith("_"), name)):
        if name in LEFT_OUT:
            continue
        if name.startswith("_"):
            yield from _from_accelerator(name)
            continue
        package, module = root / name / "__init__.py", root / f"{name}.py"
        if module.is_file():
            yield from _from_source(name, module)
        elif package.is_file():
            for file in sorted((root / name).rglob("*.py")):
                parts = file.relative_to(root).with_suffix("").parts
                parts = parts[:-1] if parts[-1] == "__init__" else parts
                if not any(part.startswith("_") or part in ("test", "tests") for part in parts):
                    yield from _from_source(".".join(parts), file)
        else:
            yield from _from_extension(name)


def _record(name: str, kind: str, module: str, signature: str, body: str) -> Record:
    return {
        "_id": name,
        "title": f"{name}{signature}",
        "kind": kind,
        "module": module,
        "signature": signature,
        "body": inspect.cleandoc(body),
    }


def _from_source(module: str, file: Path) -> Iterator[Record]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # older spellings in the library's own files
        tree = ast.parse(file.read_bytes())
    if body := ast.get_docstring(tree):
        yield _record(module, "module", module, "", body)
    yield from _members(tree, module, module)


def _members(parent: ast.Module | ast.ClassDef, prefix: str, module: str) -> Iterator[Record]:
    for node in parent.body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
            continue
        name, body = f"{prefix}.{node.name}", ast.get_docstring(node)
        if isinstance(node, ast.ClassDef):
            if body:
                bases = ", ".join(ast.unparse(base) for base in node.bases)
                yield _record(name, "class", module, f"({bases})" if bases else "", body)
            yield from _members(node, name, module)
        elif body:
            kind = "method" if isinstance(parent, ast.ClassDef) else "function"
            yield _record(name, kind, module, f"({ast.unparse(node.args)})", body)


def _from_extension(module: str) -> Iterator[Record]:
    found = _imported(module)
    if found is None:
        return
    if found.__doc__:
        yield _record(module, "module", module, "", found.__doc__)
    yield from _extension_members(found, module, module)


def _from_accelerator(name: str) -> Iterator[Record]:
    """What a private module in C gives to a public one: `collections.deque` is written in `_collections`."""
    if (Path(sysconfig.get_path("stdlib")) / f"{name}.py").is_file():
        return
    found = _imported(name)
    for attribute, value in sorted(vars(found).items()) if found else ():
        public = getattr(value, "__module__", None)
        if isinstance(public, str) and public in sys.stdlib_module_names and not public.startswith("_"):
            yield from _extension_member(value, f"{public}.{attribute}", public, parent=found)


def _imported(module: str) -> ModuleType | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            return importlib.import_module(module)
    except ImportError:  # a module of another platform, or one this Python was built without
        return None


def _extension_members(parent: ModuleType | type, prefix: str, module: str) -> Iterator[Record]:
    for attribute, value in sorted(vars(parent).items()):
        if not attribute.startswith("_"):
            yield from _extension_member(value, f"{prefix}.{attribute}", module, parent=parent)


def _extension_member(value: Any, name: str, module: str, *, parent: ModuleType | type | None) -> Iterator[Record]:
    if inspect.isclass(value):
        if value.__doc__ and value.__module__ in (module, "builtins"):
            yield _record(name, "class", module, _signature(value), value.__doc__)
            if isinstance(parent, ModuleType):
                yield from _extension_members(value, name, module)
    elif inspect.isroutine(value) and value.__doc__:
        kind = "method" if isinstance(parent, type) else "function"
        yield _record(name, kind, module, _signature(value), value.__doc__)


def _signature(value: Any) -> str:
    try:
        return str(inspect.signature(value))
    except (TypeError, ValueError):  # much of what is written in C does not say
        return ""
