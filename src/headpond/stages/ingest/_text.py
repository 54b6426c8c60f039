"""What the processors have in common that make a value of a text, or a list of values of a list of texts."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Generic, TypeVar

from pydantic import Field

from headpond.stages import fields, java
from headpond.stages.ingest.base import ProcessorSpec, RecordProcessor
from headpond.stages.record import Record


class TextSpec(ProcessorSpec):
    """Options of every such processor."""

    field: str = Field(description="The field that holds the text, or a list of texts.")
    target_field: str | None = Field(None, description="Where the result is written; `field` when left out.")
    ignore_missing: bool = Field(False, description="Leave a record alone whose field is missing or null.")


S = TypeVar("S", bound=TextSpec)


class TextProcessor(RecordProcessor[S], Generic[S]):
    """Changes texts one by one."""

    def apply(self, record: Record) -> None:
        """Changes the text of one record, or each text of a list.

        Raises:
            ValueError: the field is missing, null, or holds something that is no text.
        """
        spec = self.spec
        value = fields.get(record, spec.field, missing_ok=spec.ignore_missing)
        if value is None:
            if spec.ignore_missing:
                return
            raise ValueError(f"field [{spec.field}] is null, cannot process it.")
        if isinstance(value, list):
            result: Any = [self.process(self._text(item)) for item in value]
        elif isinstance(value, str):
            result = self.process(value)
        else:
            raise fields.cannot_cast(spec.field, value, "java.lang.String")
        fields.put(record, spec.field if spec.target_field is None else spec.target_field, result)

    def _text(self, item: Any) -> str:
        if isinstance(item, str):
            return item
        raise ValueError(
            f"value [{java.text(item)}] of type [{java.type_name(item)}] in list field [{self.spec.field}] cannot be "
            "cast to [java.lang.String]"
        )

    @abstractmethod
    def process(self, text: str) -> Any:
        """What becomes of one text.

        Raises:
            ValueError: nothing can.
        """
