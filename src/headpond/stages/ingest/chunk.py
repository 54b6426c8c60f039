"""Cuts a text into passages: a list of objects with the passage and where it stands, made for a nested field.

Strategies and sizes are those of Elasticsearch's `chunking_settings`; sizes count words. To embed every passage, let
`inference` read `passages.text` and write `passages.vector`.
"""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from headpond.errors import RestError
from headpond.inference.chunking import Chunking, parse_chunking
from headpond.stages import path
from headpond.stages.ingest.base import ProcessorSpec, RecordProcessor
from headpond.stages.passage import cut
from headpond.stages.record import Record


class ChunkSpec(ProcessorSpec):
    """Options of `chunk`."""

    field: str = Field(description="The field that holds the text.")
    target_field: str = Field("passages", description="Where the list of `{text, start, end}` is written.")
    strategy: Literal["none", "word", "sentence", "recursive"] = Field(
        "sentence", description="How the text is cut; `none` makes one passage of it."
    )
    max_chunk_size: int | None = Field(
        None, description="Words in a passage: 10 to 300, for `sentence` from 20 on (250 when left out)."
    )
    overlap: int | None = Field(None, description="`word` only: words that neighbours share, at most half a passage.")
    sentence_overlap: int | None = Field(None, description="`sentence` only: 1 repeats the sentence before a passage.")
    separator_group: str | None = Field(None, description="`recursive` only: `plaintext` or `markdown`.")
    separators: list[str] | None = Field(None, description="`recursive` only: regular expressions, coarsest first.")
    ignore_missing: bool = Field(False, description="Leave a record without the field alone.")

    @model_validator(mode="after")
    def _settings_fit(self) -> Self:
        self.chunking()
        return self

    def chunking(self) -> Chunking:
        """The strategy with its sizes.

        Raises:
            ValueError: the settings do not fit the strategy.
        """
        names = ("strategy", "max_chunk_size", "overlap", "sentence_overlap", "separator_group", "separators")
        given: dict[str, Any] = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        if given == {"strategy": "sentence"}:
            given = {}
        try:
            return parse_chunking(given)
        except RestError as error:
            raise ValueError(error.reason) from None


class Chunk(RecordProcessor[ChunkSpec]):
    """Cuts a text into passages."""

    Spec = ChunkSpec

    def __init__(self, spec: ChunkSpec, name: str) -> None:
        super().__init__(spec, name)
        self._chunking = spec.chunking()

    def apply(self, record: Record) -> None:
        """Cuts the text of one record; a blank text gives an empty list.

        Raises:
            ValueError: the field is missing or not a text.
        """
        text = path.get(record.document, self.spec.field)
        if text in (path.MISSING, None):
            if self.spec.ignore_missing:
                return
            raise ValueError(f"field [{self.spec.field}] is missing, it cannot be cut")
        if not isinstance(text, str):
            raise ValueError(f"field [{self.spec.field}] is {path.kind(text)}, only a text can be cut")
        passages = [{"text": text[start:end], "start": start, "end": end} for start, end in cut(text, self._chunking)]
        path.put(record.document, self.spec.target_field, passages)
