"""Takes a text of the kind `ip=1.2.3.4 error=REFUSED` apart into fields."""

from __future__ import annotations

from pydantic import Field, field_validator

from headpond.stages import fields, java_matcher, java_regex, template
from headpond.stages.ingest.base import ProcessorSpec, RecordProcessor
from headpond.stages.record import Record

_BRACKETS = java_regex.compile(r"""(^[\(\[<"'])|([\]\)>"']$)""")


class KvSpec(ProcessorSpec):
    """Options of `kv`."""

    field: str = Field(description="The field that holds the text; snippets are allowed.")
    field_split: str = Field(description="What stands between pairs, a regular expression.")
    value_split: str = Field(description="What stands between a key and its value, a regular expression.")
    target_field: str | None = Field(
        None, description="The object that the keys are written to, the document when left out; snippets are allowed."
    )
    include_keys: list[str] | None = Field(None, description="Only these keys are written.")
    exclude_keys: list[str] | None = Field(None, description="These keys are not written.")
    ignore_missing: bool = Field(False, description="Leave a record alone whose field is missing or null.")
    prefix: str | None = Field(None, description="What is put before each key.")
    trim_key: str | None = Field(None, description="Characters that are taken away at both ends of keys.")
    trim_value: str | None = Field(None, description="Characters that are taken away at both ends of values.")
    strip_brackets: bool = Field(False, description="Take brackets and quotes away at both ends of values.")

    @field_validator("field_split", "value_split")
    @classmethod
    def _is_regex(cls, given: str) -> str:
        java_regex.compile(given)
        return given

    @field_validator("trim_key", "trim_value")
    @classmethod
    def _is_class(cls, given: str) -> str:
        java_regex.compile(_ends(given))
        return given

    @field_validator("field", "target_field")
    @classmethod
    def _is_template(cls, given: str) -> str:
        template.compile(given)
        return given


class Kv(RecordProcessor[KvSpec]):
    """Takes a text of keys and values apart."""

    Spec = KvSpec

    def __init__(self, spec: KvSpec, name: str) -> None:
        super().__init__(spec, name)
        self._field = template.compile(spec.field)
        self._target = template.compile(spec.target_field or "")
        self._between = java_regex.compile(spec.field_split)
        self._inside = java_regex.compile(spec.value_split)

    def apply(self, record: Record) -> None:
        """Writes the pairs of one record's text.

        Raises:
            ValueError: the field is missing or no text, or a part of it is no pair.
        """
        spec = self.spec
        path = self._field.render(record)
        if not path or not fields.has(record, path, in_range=True):
            if spec.ignore_missing:
                return
            raise ValueError(f"field [{path}] doesn't exist")
        text = fields.get_text(record, path, missing_ok=spec.ignore_missing)
        if text is None:
            if spec.ignore_missing:
                return
            raise ValueError(f"field [{path}] is null, cannot extract key-value pairs.")
        target = self._target.render(record)
        prefix = (f"{target}." if target else "") + (spec.prefix or "")
        for part in java_matcher.split(self._between, text):
            pair = java_matcher.split(self._inside, part, 2)
            if len(pair) != 2:
                raise ValueError(f"field [{path}] does not contain value_split [{spec.value_split}]")
            key = _trimmed(pair[0], spec.trim_key)
            if self._is_wanted(key):
                self._write(record, prefix + key, pair[1])

    def _is_wanted(self, key: str) -> bool:
        spec = self.spec
        included = spec.include_keys is None or key in spec.include_keys
        return included and (spec.exclude_keys is None or key not in spec.exclude_keys)

    def _write(self, record: Record, path: str, value: str) -> None:
        stripped = java_matcher.replace(_BRACKETS, "", value) if self.spec.strip_brackets else value
        trimmed = _trimmed(stripped, self.spec.trim_value)
        if fields.has(record, path):
            fields.append(record, path, trimmed)
        else:
            fields.put(record, path, trimmed)


def _trimmed(text: str, characters: str | None) -> str:
    return text if characters is None else java_matcher.replace(java_regex.compile(_ends(characters)), "", text)


def _ends(characters: str) -> str:
    return f"(^([{characters}]+))|([{characters}]+$)"
