"""Replaces what a regular expression (Java's) finds in texts."""

from __future__ import annotations

from pydantic import Field, field_validator

from headpond.stages import java_matcher, java_regex
from headpond.stages.ingest._text import TextProcessor, TextSpec


class GsubSpec(TextSpec):
    """Options of `gsub`."""

    pattern: str = Field(description="What is replaced, a regular expression as Java reads it.")
    replacement: str = Field(description="What stands there instead; `$1` is what the first group found.")

    @field_validator("pattern")
    @classmethod
    def _is_regex(cls, pattern: str) -> str:
        try:
            java_regex.compile(pattern)
        except ValueError as error:
            raise ValueError(f"Invalid regex pattern. {error}") from None
        return pattern


class Gsub(TextProcessor[GsubSpec]):
    """Replaces parts of texts."""

    Spec = GsubSpec

    def __init__(self, spec: GsubSpec, name: str) -> None:
        super().__init__(spec, name)
        self._pattern = java_regex.compile(spec.pattern)

    def process(self, text: str) -> str:
        """The text with all finds replaced.

        Raises:
            ValueError: the replacement names a group that the pattern has not.
        """
        return java_matcher.replace(self._pattern, self.spec.replacement, text)
