"""Asks an inference endpoint about fields, and writes what it answers: a dense or sparse vector, or a completed text.

The texts of all records and all pairs of fields go out together; how many a request carries is the job's matter.
A list of objects on the way to the input is walked: `passages.text` -> `passages.vector` embeds every passage.

For a summary, let `set` write the question (`value: "Summarize in one sentence: {{{body}}}"`), `inference` answer it
and `remove` take it out again; keywords are such an answer behind `split`.

Elasticsearch appends to an output field that is there already, and writes `model_id` beside the first one; here the
output is replaced and nothing else is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from headpond.stages import fields
from headpond.stages.inference import InferenceFailure, PartialEmbedder, Unasked, digest
from headpond.stages.ingest.base import Context, Processor, ProcessorSpec
from headpond.stages.record import Record
from headpond.stages.slots import Slot, slots


class InputOutput(BaseModel):
    """One field to read and the field its answer is written to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input_field: str = Field(description="The field that holds the text.")
    output_field: str = Field(description="The field the vector or text is written to.")


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
    """Asks an endpoint about fields."""

    Spec = InferenceSpec

    def run(self, records: Sequence[Record], context: Context) -> None:
        """Sends the inputs of all records; a record one of whose texts fails is failed, the others are not."""
        todo: list[tuple[Record, str, Slot, str]] = []
        for record in records:
            for pair in self.spec.input_output:
                record.inputs.pop(pair.output_field, None)
            try:
                todo += [(record, *found) for found in self._inputs(record)]
            except ValueError as error:
                self.fail(record, str(error))
        if not todo:
            return
        embedder = context.embedder
        ask = embedder.embed_some if isinstance(embedder, PartialEmbedder) else embedder.embed
        results = ask(self.spec.model_id, [text for *_, text in todo])
        model = context.fingerprints.get(self.spec.model_id)
        for (record, field, slot, text), result in zip(todo, results, strict=True):
            if isinstance(result, Unasked):
                record.left = True
                continue
            if isinstance(result, InferenceFailure):
                self.fail(record, result.cause or result.error, result.attempts)
                continue
            try:
                slot.fill(result)
            except ValueError as error:
                self.fail(record, str(error))
                continue
            # A later processor may change a text, but a vector is what it was.
            if model is not None and not isinstance(result, str) and not field.startswith("_ingest."):
                record.inputs.setdefault(field, []).append(digest(model, text))

    def endpoints(self) -> list[str]:
        """The endpoint that is asked."""
        return [self.spec.model_id]

    def outputs(self) -> list[tuple[str, str]]:
        """The fields that answers are written to."""
        pairs = self.spec.input_output
        return [(one.output_field, self.spec.model_id) for one in pairs if not one.output_field.startswith("_ingest.")]

    def _inputs(self, record: Record) -> list[tuple[str, Slot, str]]:
        """Output field, place and text of everything to send."""
        found = []
        for pair in self.spec.input_output:
            for slot in slots(record, pair.input_field, pair.output_field):
                value = slot.value
                missing = value is None or value is fields.MISSING
                if self.spec.ignore_missing and (missing or (isinstance(value, str) and not value.strip())):
                    continue
                if missing:
                    name = pair.input_field.rpartition(".")[2]
                    raise ValueError(f"field [{name}] not present as part of path [{pair.input_field}]")
                if not isinstance(value, str):
                    raise fields.cannot_cast(pair.input_field, value, "java.lang.String")
                found.append((pair.output_field, slot, value))
        return found
