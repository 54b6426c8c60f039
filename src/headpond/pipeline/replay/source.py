"""Dead letters as a source of records, reconciled with the index and repaired on the way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from itertools import islice
from typing import Any

from headpond.errors import JobError
from headpond.pipeline import identity
from headpond.pipeline.context import context
from headpond.pipeline.held import Held, LetterHolder
from headpond.pipeline.replay.letters import SETTLED, Letter, LetterFile
from headpond.pipeline.sources.base import Item, Source
from headpond.pipeline.unchanged import hash_of
from headpond.stages.chain import Chain
from headpond.stages.inference import Embedding, InferenceFailure
from headpond.stages.record import Failure, Record

_AT_ONCE = 200


class LetterSource(Source):
    """The letters of one file that belong to one group.

    Args:
        file: the file.
        group: the group's number.
        pipeline: see `identity.of_pipeline`.
        id_field: the field that holds ids.
        held: asks the index; None sends whatever the index holds.
        repair: processors that run before the pipeline's own.
        holder: told of vectors that letters have.

    Attributes:
        unchanged: letters whose document is in the index already.
        superseded: letters whose id has a newer document in the index.
        dropped: letters that the repair gave up.
        failures: why a letter goes back without having been sent, by line.
    """

    def __init__(
        self,
        file: LetterFile,
        group: int,
        pipeline: bytes,
        id_field: str | None,
        held: Held | None,
        repair: Chain,
        holder: LetterHolder,
    ) -> None:
        self.name = str(file.path)
        self.file = file
        self._group = group
        self._pipeline = pipeline
        self._id_field = id_field
        self._held = held
        self._repair = repair
        self._holder = holder
        self._read = 0
        self.unchanged = self.superseded = self.dropped = 0
        self.failures: dict[int, Failure] = {}

    def items(self) -> Iterator[Item]:
        """The records of letters that have to be sent.

        Raises:
            InputError: the file cannot be read.
            JobError: the index cannot be read.
        """
        letters = self.file.letters(self._group)
        while some := list(islice(letters, _AT_ONCE)):
            for letter, record in self._reconciled(some):
                self._read = letter.line
                self._holder.note(letter.document)
                item = self._item(letter, record)
                if item is not None:
                    yield item

    def fraction(self) -> float | None:
        """Letters read over those there are."""
        return self._read / max(1, len(self.file.groups))

    def _reconciled(self, letters: Sequence[Letter]) -> Iterator[tuple[Letter, Any]]:
        """Letters whose documents the index lacks; the others are settled."""
        pairs = [(letter, letter.record) for letter in letters]
        names = [letter.name for letter in letters if letter.name is not None]
        held = self._held(names) if self._held is not None and names else {}
        for letter, record in pairs:
            own = held.get(letter.name) if letter.name is not None else None
            if own is None or letter.hash is None:
                yield letter, record
                continue
            found = hash_of(own)
            now = self._named(record)
            if found == letter.hash or (now is not None and found == now.digest):
                self.unchanged += self._settle(letter)
            elif found in letter.replaces:
                yield letter, record
            else:
                self.superseded += self._settle(letter)

    def _named(self, record: Any) -> Record | None:
        """The record with the id and the digest that it would get now; None when it would get none."""
        if not isinstance(record, dict):
            return None
        named = Record(deepcopy(record))
        try:
            identity.name(named, self._pipeline, id_field=self._id_field)
        except ValueError:
            return None
        return named

    def _item(self, letter: Letter, record: Any) -> Item | None:
        if not isinstance(record, dict):
            error = str(letter.content.get("error") or "is no object")
            self.failures[letter.line] = Failure(str(letter.content["stage"]), error)
            return Item(letter.line, None, record, error)
        repaired = Record(deepcopy(record), id=letter.id or "")
        self._repair.run([repaired], context(_NoEmbedder()))
        if repaired.dropped:
            self.dropped += self._settle(letter)
            return None
        if repaired.failure is not None:
            self.failures[letter.line] = Failure(f"repair.{repaired.failure.stage}", repaired.failure.error)
            return Item(letter.line, None, record, repaired.failure.error)
        document = repaired.document
        named = "_id" in document or (self._id_field is not None and self._id_field in document)
        # An id that is a hash of the record stays the one that the record had.
        if document != record and letter.id is not None and not named:
            document = {"_id": letter.id, **document}
        if letter.hash is None and (other := self._other(document)) is not None:
            error = f"the index holds another document with the id [{other}], which may be newer (--overwrite sends it)"
            self.failures[letter.line] = Failure(str(letter.content["stage"]), error)
            return Item(letter.line, None, record, error)
        return Item(letter.line, document)

    def _other(self, document: dict[str, Any]) -> str | None:
        """The id of a record that had none before, where the index holds something else under it."""
        named = self._named(document)
        if named is None or self._held is None:
            return None
        name = (named.id, named.routing)
        own = self._held([name]).get(name)
        return None if own is None or hash_of(own) == named.digest else named.id

    def _settle(self, letter: Letter) -> int:
        self.file.states[letter.line - 1] = SETTLED
        return 1


class _NoEmbedder:
    """A repair embeds nothing, which is seen to before it runs."""

    def embed(self, inference_id: str, texts: Sequence[str]) -> list[Embedding | InferenceFailure]:
        raise JobError(f"a repair cannot ask the endpoint [{inference_id}]")
