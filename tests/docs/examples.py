"""Examples in Markdown files: which blocks there are, and what running one must print."""

from __future__ import annotations

import doctest
import re
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^```(?P<language>[a-z]+)(?P<options>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
MATCH = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@dataclass(frozen=True)
class Block:
    """A fenced block of a Markdown file."""

    file: Path
    line: int
    language: str
    options: str
    text: str


@dataclass(frozen=True)
class Command:
    """A `$ command` of a console block, with the output shown below it."""

    line: int
    command: str
    output: str


def blocks(file: Path) -> list[Block]:
    text = file.read_text()
    return [
        Block(file, text.count("\n", 0, m.start()) + 2, m["language"], m["options"].strip(), m["text"])
        for m in FENCE.finditer(text)
    ]


def commands(block: Block) -> list[Command]:
    """The commands of a console block; a line that ends with a backslash goes on."""
    found: list[Command] = []
    lines = block.text.splitlines()
    index = 0
    while index < len(lines):
        assert lines[index].startswith("$ "), f"{block.file.name}:{block.line + index}: expected a `$ command`"
        start, parts = index, [lines[index][2:]]
        while parts[-1].endswith("\\"):
            index += 1
            parts[-1] = parts[-1][:-1]
            parts.append(lines[index].strip())
        index += 1
        output = []
        while index < len(lines) and not lines[index].startswith("$ "):
            output.append(lines[index])
            index += 1
        found.append(Command(block.line + start, " ".join(parts), "\n".join(output).rstrip()))
    return found


def matches(wanted: str, got: str) -> bool:
    """Whether output is as shown; `...` stands for anything, runs of white space are one."""
    if not wanted.strip():
        return True
    return doctest.OutputChecker().check_output(wanted + "\n", got + "\n", MATCH)
