"""Looks files of dead letters through: what is there, what is chosen, what a later letter has overtaken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from headpond.errors import InputError, nearest
from headpond.pipeline.replay.letters import KEPT, SENT, SETTLED, Group, Later, Letter, LetterFile, read

NOT_CHOSEN = -1
KEYS = ("stage", "error", "reason", "source", "index", "pipeline", "id")
_WITHIN = frozenset({"error", "reason"})


@dataclass(frozen=True, slots=True)
class Scan:
    """What files hold.

    Attributes:
        files: the files.
        groups: what their letters belong to.
        chosen: letters that are chosen.
        passed_over: letters that are not.
        overtaken: chosen letters with a later one for the same document.
    """

    files: Sequence[LetterFile]
    groups: Sequence[Group]
    chosen: int
    passed_over: int
    overtaken: int


def scan(paths: Sequence[Path], only: Mapping[str, str]) -> Scan:
    """Reads all files once.

    Args:
        paths: the files.
        only: what letters must have to be chosen, by the names in `KEYS`.

    Raises:
        InputError: a file cannot be read, holds something else than letters, or is named twice; or `only` asks for
            what letters do not have.
    """
    for name in only:
        if name not in KEYS:
            near = nearest(name, KEYS)
            hint = f"valid: {', '.join(KEYS)}" + (f"; did you mean {near!r}?" if near else "")
            raise InputError(f"letters have no [{name}] to choose by", hint=hint)
    if len({path.resolve() for path in paths}) < len(paths):
        raise InputError("a file of dead letters is given twice")
    later = Later()
    numbers: dict[Group, int] = {}
    files, chosen, passed_over = [], 0, 0
    for path in paths:
        if not path.is_file():
            raise InputError("there is no such file", where=str(path))
        file = LetterFile(path)
        for number, line in file.lines():
            file.offsets.append(file.size)
            file.size += len(line)
            group = NOT_CHOSEN
            if line.strip():
                letter = read(number, line, path)
                later.add(letter.group.index, letter.id)
                if _matches(letter, only):
                    group = numbers.setdefault(letter.group, len(numbers))
                    chosen += 1
                else:
                    passed_over += 1
            else:
                later.add("", None)
            file.groups.append(group)
        file.states = bytearray(SENT if group != NOT_CHOSEN else KEPT for group in file.groups)
        files.append(file)
    return Scan(files, list(numbers), chosen, passed_over, _settle_overtaken(files, later))


def _settle_overtaken(files: Sequence[LetterFile], later: Later) -> int:
    """Letters that are not chosen overtake, too: sent alone, an earlier one would stand in the way of the later."""
    found = 0
    overtaken = iter(later.overtaken())
    for file in files:
        for place in range(len(file.groups)):
            if next(overtaken) and file.groups[place] != NOT_CHOSEN:
                file.groups[place] = NOT_CHOSEN
                file.states[place] = SETTLED
                found += 1
    return found


def _matches(letter: Letter, only: Mapping[str, str]) -> bool:
    return all(_fits(letter, name, wanted) for name, wanted in only.items())


def _fits(letter: Letter, name: str, wanted: str) -> bool:
    given = {"id": letter.id, "index": letter.group.index, "pipeline": letter.group.pipeline}
    got = given.get(name, letter.content.get(name))
    if not isinstance(got, str):
        return False
    if name in _WITHIN:
        return wanted in got
    # `inference` chooses every stage whose processor is called so.
    return got == wanted or (name == "stage" and got.endswith(f".{wanted}"))
