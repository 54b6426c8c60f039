"""What the inputs of an inference request are for."""

from __future__ import annotations

from enum import StrEnum


class InputType(StrEnum):
    """The use of an input; models with prefixes treat documents and queries differently.

    Elasticsearch accepts the first five from users; it sends the internal two itself for `semantic_text`.
    """

    INGEST = "ingest"
    SEARCH = "search"
    CLASSIFICATION = "classification"
    CLUSTERING = "clustering"
    UNSPECIFIED = "unspecified"
    INTERNAL_INGEST = "internal_ingest"
    INTERNAL_SEARCH = "internal_search"

    @classmethod
    def parse(cls, text: str) -> InputType:
        """Reads a user's input type in any case.

        Raises:
            ValueError: Elasticsearch's text, ready to be a cause.
        """
        try:
            found = cls(text.lower())
        except ValueError:
            enum = "org.elasticsearch.inference.InputType"
            raise ValueError(f"No enum constant {enum}.{text.upper()}") from None
        if found.name.startswith("INTERNAL"):
            raise ValueError(f"Unrecognized input_type [{text}]")
        return found

    @property
    def is_query(self) -> bool:
        """Whether the input is a query rather than a document."""
        return self in (InputType.SEARCH, InputType.INTERNAL_SEARCH)
