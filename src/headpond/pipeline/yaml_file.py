"""Reads a YAML file and remembers the line of every value.

The safe subset only: no tags, no merge keys, no duplicate keys, keys are text, aliases cannot blow the document up.
Dates stay text, as they would in JSON.
"""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from headpond.errors import PipelineError
from headpond.stages.where import Path as Keys
from headpond.stages.where import Where

PIPELINE = "a pipeline is an object with keys such as `processors` and `search`"
LARGEST = 1_000_000
"""Bytes of a file."""
MOST_VALUES = 100_000
DEEPEST = 60

_PLAIN_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null")}
_TIMESTAMP = "tag:yaml.org,2002:timestamp"


class _Loader(yaml.SafeLoader):
    """The safe loader without dates."""

    yaml_implicit_resolvers = {  # noqa: RUF012  (as the base class has it)
        first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def read(path: Path, what: str = PIPELINE) -> tuple[dict[str, Any], Where]:
    """The file's top-level object and its places.

    Args:
        path: the file.
        what: what it is to be, for messages.

    Raises:
        PipelineError: the file cannot be read, is not YAML, or is not an object; says the line.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise PipelineError(f"cannot be read: {error.strerror}", where=str(path)) from None
    if len(content) > LARGEST:
        raise PipelineError(f"is larger than {LARGEST:,} bytes", where=str(path))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise PipelineError("is not UTF-8", where=f"{path}:{line}") from None
    return parse(text, str(path), what)


def parse(text: str, file: str, what: str = PIPELINE) -> tuple[dict[str, Any], Where]:
    """As `read`, for a text.

    Raises:
        PipelineError: as `read`.
    """
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise PipelineError(f"is not YAML: {error.problem}", where=f"{file}:{line}") from None
    except yaml.YAMLError as error:
        raise PipelineError(f"is not YAML: {error}", where=file) from None
    except RecursionError:
        raise PipelineError("is nested too deep", where=file) from None
    if not isinstance(node, yaml.MappingNode):
        raise PipelineError(what, where=f"{file}:1")
    reader = _Reader(loader, file)
    value: dict[str, Any] = reader.value(node, ())
    return value, Where(file, reader.lines)


class _Reader:
    def __init__(self, loader: _Loader, file: str) -> None:
        self._loader = loader
        self._file = file
        self._left = MOST_VALUES
        self.lines: dict[Keys, int] = {}

    def value(self, node: yaml.Node, keys: Keys) -> Any:
        self.lines.setdefault(keys, node.start_mark.line + 1)
        self._left -= 1
        # An alias is walked like any other node, so these two bound what aliases can do.
        if self._left < 0 or len(keys) > DEEPEST:
            raise self._error(node, "is too large or too deep (do its aliases lead back to themselves?)")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, keys)
        if isinstance(node, yaml.SequenceNode):
            self._refuse_tag(node, "tag:yaml.org,2002:seq")
            return [self.value(item, (*keys, index)) for index, item in enumerate(node.value)]
        if node.tag not in _PLAIN_TAGS:
            raise self._error(node, f"the tag {_short(node.tag)} is not allowed")
        try:
            return self._loader.construct_object(node)
        except (ValueError, yaml.YAMLError) as error:
            raise self._error(node, f"{node.value!r} cannot be read: {error}") from None

    def _mapping(self, node: yaml.MappingNode, keys: Keys) -> dict[str, Any]:
        self._refuse_tag(node, "tag:yaml.org,2002:map")
        read: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key: Hashable = key_node.value
            if key_node.tag == "tag:yaml.org,2002:merge":
                raise self._error(key_node, "merge keys (`<<`) are not supported, write the keys out")
            if key_node.tag != "tag:yaml.org,2002:str" or not isinstance(key, str):
                raise self._error(key_node, f"a key must be text; quote it: '{key}'")
            if key in read:
                raise self._error(key_node, f"the key {key!r} is there twice")
            self.lines[*keys, key] = key_node.start_mark.line + 1
            read[key] = self.value(value_node, (*keys, key))
        return read

    def _refuse_tag(self, node: yaml.Node, allowed: str) -> None:
        if node.tag != allowed:
            raise self._error(node, f"the tag {_short(node.tag)} is not allowed")

    def _error(self, node: yaml.Node, message: str) -> PipelineError:
        return PipelineError(message, where=f"{self._file}:{node.start_mark.line + 1}")


def _short(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")
