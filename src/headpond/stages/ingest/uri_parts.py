"""Takes a URI apart: scheme, domain, port, path, query, fragment, user, and the extension of the path."""

from __future__ import annotations

from pydantic import Field

from headpond.stages import fields, uri
from headpond.stages.ingest.base import ProcessorSpec, RecordProcessor
from headpond.stages.record import Record


class UriPartsSpec(ProcessorSpec):
    """Options of `uri_parts`."""

    field: str = Field(description="The field that holds the URI.")
    target_field: str = Field("url", description="Where the object with the parts is written.")
    keep_original: bool = Field(True, description="Write the URI itself to `<target_field>.original`.")
    remove_if_successful: bool = Field(False, description="Take `field` out when its URI could be read.")
    ignore_missing: bool = Field(False, description="Leave a record alone whose field is missing or null.")


class UriParts(RecordProcessor[UriPartsSpec]):
    """Takes a URI apart."""

    Spec = UriPartsSpec

    def apply(self, record: Record) -> None:
        """Writes the parts of one record's URI.

        Raises:
            ValueError: the field is missing, no text, or no URI.
        """
        spec = self.spec
        text = fields.get_text(record, spec.field, missing_ok=spec.ignore_missing)
        if text is None:
            if spec.ignore_missing:
                return
            raise ValueError(f"field [{spec.field}] is null, cannot process it.")
        parts = uri.parts(text)
        if spec.keep_original:
            parts["original"] = text
        if spec.remove_if_successful and spec.target_field != spec.field:
            fields.remove(record, spec.field)
        fields.put(record, spec.target_field, parts)
