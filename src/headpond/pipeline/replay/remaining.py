"""Where letters go that fail again: a new file, or the file that they came from."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from headpond.errors import JobError
from headpond.pipeline.dead_letters import DeadLetters
from headpond.pipeline.replay.letters import FAILED, KEPT, LetterFile
from headpond.pipeline.replay.source import LetterSource

_KEPT_OF_THE_FIRST = ("source", "line", "job", "number")


class Remaining(DeadLetters):
    """Takes the letters of a job whose sources are letters, and writes them as those of the first job.

    Source, line and the first time stay, attempts add up, `replays` counts.

    Args:
        sources: of the job.
        path: the new file.
        own: a file for each source instead; None for the new one for all.
    """

    def __init__(self, sources: Sequence[LetterSource], path: Path, own: Mapping[Path, DeadLetters] | None) -> None:
        super().__init__(path)
        self._sources = {source.name: source for source in sources}
        self._own = own

    def write(self, letter: dict[str, Any]) -> None:
        """Appends one letter.

        Raises:
            JobError: the file cannot be written.
        """
        source = self._sources[letter["source"]]
        number = letter["line"]
        source.file.states[number - 1] = FAILED
        failure = source.failures.pop(number, None)
        merged = _merged(source.file.letter(number).content, letter)
        if failure is not None:
            merged |= {"stage": failure.stage, "error": failure.error}
        if self._own is None:
            super().write(merged)
        else:
            self._own[source.file.path].write(merged)


def _merged(first: Mapping[str, Any], again: dict[str, Any]) -> dict[str, Any]:
    merged = {**again, **{name: first[name] for name in _KEPT_OF_THE_FIRST if name in first}}
    merged["attempts"] = _number(first.get("attempts")) + _number(again.get("attempts"))
    merged["replays"] = _number(first.get("replays")) + 1
    merged["first"] = first.get("first") or first.get("when")
    if "hash" not in again:  # it was not even sent
        merged |= {name: first[name] for name in ("action", "hash", "replaces", "document") if name in first}
    else:
        merged["replaces"] = list(dict.fromkeys([*(first.get("replaces") or ()), *again["replaces"]]))
        if again["hash"] == first.get("hash") and "document" in first:
            merged.setdefault("document", first["document"])
    return merged


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


def empty(file: LetterFile, failed: Path) -> None:
    """Takes what is settled out of a file: what was not chosen stays, what failed again takes its new form.

    Args:
        file: the file; what was added to it meanwhile stays, too.
        failed: the letters that failed again, if there are any.

    Raises:
        JobError: the file cannot be written anew; it is as it was.
    """
    new = file.path.with_name(f"{file.path.name}.new")
    try:
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as out, file.path.open("rb") as old:
            for state in file.states:
                line = old.readline()
                if state == KEPT:
                    out.write(line if line.endswith(b"\n") else line + b"\n")
            if failed.exists():
                out.write(failed.read_bytes())
            out.write(old.read())
            out.flush()
            os.fsync(out.fileno())
        new.replace(file.path)
        failed.unlink(missing_ok=True)
    except OSError as error:
        raise JobError(
            f"the dead letters in {file.path} cannot be written anew: {error.strerror}",
            hint="everything else is done; replayed again, letters of documents that are indexed cost nothing",
        ) from None
