"""Cuts a text into passages: a list of objects with the passage and where it stands, made for a nested field.

Strategies and sizes are those of Elasticsearch's `chunking_settings`; sizes count words. `tokens` counts as a local
model does, named by `model`, so that no passage is longer than it reads. With another strategy `model` only has the
report say how many passages are longer, and so are cut by the model. To embed every passage, let `inference` read
`passages.text` and write `passages.vector`. Elasticsearch has no such processor.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from headpond.errors import RestError
from headpond.inference.chunking import Chunking, Span, parse_chunking
from headpond.stages import fields, token_windows
from headpond.stages.inference import Tokens
from headpond.stages.ingest.base import Context, Processor, ProcessorSpec, wrong_option
from headpond.stages.passage import cut
from headpond.stages.record import Record


class ChunkSpec(ProcessorSpec):
    """Options of `chunk`."""

    field: str = Field(description="The field that holds the text.")
    target_field: str = Field("passages", description="Where the list of `{text, start, end}` is written.")
    strategy: Literal["none", "word", "sentence", "recursive", "tokens"] = Field(
        "sentence", description="How the text is cut; `none` makes one passage of it."
    )
    max_chunk_size: int | None = Field(
        None,
        description="Words in a passage: 10 to 300, for `sentence` from 20 on (250 when left out). For `tokens` "
        "tokens, as many as the model reads when left out.",
    )
    overlap: int | None = Field(
        None, description="`word` and `tokens` only: what neighbours share, at most half a passage."
    )
    sentence_overlap: int | None = Field(None, description="`sentence` only: 1 repeats the sentence before a passage.")
    separator_group: str | None = Field(None, description="`recursive` only: `plaintext` or `markdown`.")
    separators: list[str] | None = Field(None, description="`recursive` only: regular expressions, coarsest first.")
    model: str | None = Field(None, description="The local model whose tokens count, as in `all-minilm-l6-v2`.")
    ignore_missing: bool = Field(False, description="Leave a record without the field alone.")

    @model_validator(mode="after")
    def _settings_fit(self) -> Self:
        if self.strategy != "tokens":
            self.chunking()
            return self
        for name in ("sentence_overlap", "separator_group", "separators"):
            if getattr(self, name) is not None:
                wrong_option(name, "the strategy [tokens] has no such setting")
        if self.model is None:
            wrong_option("model", "the strategy [tokens] needs it")
        if self.max_chunk_size is not None and self.max_chunk_size < token_windows.SMALLEST:
            wrong_option("max_chunk_size", f"must be {token_windows.SMALLEST} tokens or more")
        return self

    def chunking(self) -> Chunking:
        """The strategy with its sizes, when it is one of Elasticsearch's.

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


class Chunk(Processor[ChunkSpec]):
    """Cuts texts into passages."""

    Spec = ChunkSpec
    elasticsearch = False

    def __init__(self, spec: ChunkSpec, name: str) -> None:
        super().__init__(spec, name)
        self._chunking = None if spec.strategy == "tokens" else spec.chunking()

    def run(self, records: Sequence[Record], context: Context) -> None:
        """Cuts the text of each record; a blank text gives an empty list.

        Raises:
            ModelError: the model's tokenizer is not at hand.
            MissingExtraError: the extra `local` is missing.
        """
        todo: list[tuple[Record, str]] = []
        for record in records:
            try:
                text = fields.get_text(record, self.spec.field, missing_ok=self.spec.ignore_missing)
            except ValueError as error:
                self.fail(record, str(error))
                continue
            if text is not None:
                todo.append((record, text))
            elif not self.spec.ignore_missing:
                self.fail(record, f"field [{self.spec.field}] is null, cannot process it.")
        if not todo:
            return
        tokens = None
        if self.spec.model is not None and context.tokens is not None:
            tokens = context.tokens(self.spec.model)
        passages = self._cut([text for _, text in todo], tokens)
        if tokens is not None:
            longer = _longer([text[start:end] for (_, text), found in zip(todo, passages, strict=True)
                              for start, end in found], tokens)  # fmt: skip
            context.count("cut_inputs", longer)
        for (record, text), spans in zip(todo, passages, strict=True):
            made = [{"text": text[start:end], "start": start, "end": end} for start, end in spans]
            try:
                fields.put(record, self.spec.target_field, made)
            except ValueError as error:
                self.fail(record, str(error))

    def _cut(self, texts: list[str], tokens: Tokens | None) -> list[list[Span]]:
        if self._chunking is not None:
            return [cut(text, self._chunking) for text in texts]
        assert tokens is not None, "the job gives tokens"
        size = min(self.spec.max_chunk_size or tokens.most, tokens.most)
        overlap = min(self.spec.overlap or 0, size // 2)
        found = tokens.spans(texts)
        return [token_windows.windows(text, spans, size, overlap) for text, spans in zip(texts, found, strict=True)]


def _longer(passages: list[str], tokens: Tokens) -> int:
    """How many passages the model would cut."""
    return sum(len(spans) > tokens.most for spans in tokens.spans(passages))
