"""Places in a pipeline file, so that every error can name its file and line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from headpond.errors import PipelineError, RestError

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Where:
    """A node of a pipeline file.

    Attributes:
        file: the file's name; empty for a pipeline given in Python.
        lines: path -> line, from 1.
        keys: the path of this node.
    """

    file: str = ""
    lines: Mapping[Path, int] = field(default_factory=dict)
    keys: Path = ()

    def at(self, *keys: str | int) -> Where:
        """A node below this one."""
        return Where(self.file, self.lines, self.keys + keys)

    @property
    def path(self) -> str:
        """The path as text: `processors[1].inference.model_id`."""
        text = ""
        for key in self.keys:
            text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else key
        return text

    @property
    def line(self) -> int | None:
        """The node's line, or that of the nearest node above it that has one."""
        for length in range(len(self.keys), -1, -1):
            if self.keys[:length] in self.lines:
                return self.lines[self.keys[:length]]
        return None

    def __str__(self) -> str:
        if not self.file:
            return self.path
        return f"{self.file}:{self.line}" if self.line is not None else self.file

    def error(self, message: str, *, code: str = "invalid", hint: str | None = None) -> Wrong:
        """An error that names this place."""
        return Wrong([Problem(self, code, message, hint)])


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        where: the place.
        code: a short name of the kind, as in `unknown-key`.
        message: what is wrong, without file and line.
        hint: what to do.
        answer: how a node says it; None where only pipeline files are concerned.
    """

    where: Where
    code: str
    message: str
    hint: str | None = None
    answer: RestError | None = None

    def __str__(self) -> str:
        """The message behind its place; where that is a path with which the message begins, it is not said twice."""
        place = str(self.where)
        return self.message if self.message.startswith(place) else f"{place}: {self.message}"


class Wrong(PipelineError):
    """A pipeline file is wrong in one or more places."""

    def __init__(self, problems: list[Problem]) -> None:
        first = problems[0]
        super().__init__("\n".join(map(str, problems)), hint=first.hint if len(problems) == 1 else None)
        self.where = str(first.where) or None
        self.problems = problems
