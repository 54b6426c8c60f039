"""Embeds fields through an inference endpoint: dense or sparse vectors, whatever the endpoint answers with.

The texts of all records and all pairs of fields go out together; how many a request carries is the job's matter.
A list of objects on the way to the input is walked: `passages.text` -> `passages.vector` embeds every passage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from headpond.stages import path
from headpond.stages.inference import InferenceFailure, digest
from headpond.stages.ingest.base import Context, Processor, ProcessorSpec
from headpond.stages.record import Record


class InputOutput(BaseModel):
    """One field to read and the field its embedding is written to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input_field: str = Field(description="The field that holds the text.")
    output_field: str = Field(description="The field the embedding is written to.")


class InferenceSpec(ProcessorSpec):
    """Options of `inference`."""

    model_id: str = Field(description="The id of the inference endpoint.")
    input_output: Annotated[
        list[InputOutput], BeforeValidator(lambda given: [given] if isinstance(given, dict) else given)
    ] = Field(min_length=1, description="A pair of fields, or a list of pairs.")
    ignore_missing: bool = Field(False, description="Pass over an input that is missing, null or blank.")

    refused: ClassVar[Mapping[str, str]] = {
        "target_field": "use input_output",
        "field_map": "use input_output",
        "inference_config": "an endpoint's settings belong to the endpoint (endpoints: task_settings)",
    }


class Inference(Processor[InferenceSpec]):
    """Embeds fields."""

    Spec = InferenceSpec

    def run(self, records: Sequence[Record], context: Context) -> None:
        """Embeds the inputs of all records; a record one of whose texts fails is failed, the others are not."""
        todo: list[tuple[Record, str, path.Slot, str]] = []
        for record in records:
            for pair in self.spec.input_output:
                record.inputs.pop(pair.output_field, None)
            try:
                todo += [(record, *found) for found in self._inputs(record)]
            except ValueError as error:
                self.fail(record, str(error))
        results = context.embedder.embed(self.spec.model_id, [text for *_, text in todo])
        model = context.fingerprints.get(self.spec.model_id)
        for (record, field, slot, text), result in zip(todo, results, strict=True):
            if isinstance(result, InferenceFailure):
                self.fail(record, result.error, result.attempts)
                continue
            try:
                slot.fill(result)
            except ValueError as error:
                self.fail(record, str(error))
                continue
            # A later processor may change a text, but a vector is what it was.
            if model is not None and not isinstance(result, str):
                record.inputs.setdefault(field, []).append(digest(model, text))

    def endpoints(self) -> list[str]:
        """The endpoint that embeds."""
        return [self.spec.model_id]

    def outputs(self) -> list[tuple[str, str]]:
        """The fields that embeddings are written to."""
        return [(pair.output_field, self.spec.model_id) for pair in self.spec.input_output]

    def _inputs(self, record: Record) -> list[tuple[str, path.Slot, str]]:
        """Output field, place and text of everything to embed."""
        found = []
        for pair in self.spec.input_output:
            for slot in path.slots(record.document, pair.input_field, pair.output_field):
                value = slot.value
                blank = value in (path.MISSING, None) or (isinstance(value, str) and not value.strip())
                if blank and self.spec.ignore_missing:
                    continue
                if value in (path.MISSING, None):
                    raise ValueError(f"field [{pair.input_field}] is missing, so it cannot be embedded")
                if not isinstance(value, str):
                    raise ValueError(f"field [{pair.input_field}] is {path.kind(value)}, only a text can be embedded")
                found.append((pair.output_field, slot, value))
        return found
