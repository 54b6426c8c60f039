"""What inputs are for, in a provider's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headpond.inference.input_type import InputType
from headpond.inference.invalid import validation_failed
from headpond.inference.request import InferenceRequest

DOCUMENT_OR_QUERY: Mapping[InputType, str] = {
    InputType.INGEST: "document",
    InputType.INTERNAL_INGEST: "document",
    InputType.SEARCH: "query",
    InputType.INTERNAL_SEARCH: "query",
}
"""For providers that know documents and queries and nothing else."""


def translated(
    request: InferenceRequest, settings: Mapping[str, Any], words: Mapping[InputType, str], provider: str
) -> str | None:
    """The provider's word for the request's input type, else for the one of the task settings, else None.

    Args:
        request: its `input_type` counts most.
        settings: task settings, which may hold `input_type`.
        words: of the input types that the provider knows.
        provider: its name in messages.

    Raises:
        RestError: 400, the provider does not know the input type.
    """
    given = request.input_type
    if given is None or given is InputType.UNSPECIFIED:
        stated = settings.get("input_type")
        return words[InputType(stated)] if stated else None
    if given not in words:
        raise validation_failed([f"Input type [{given}] is not supported for [{provider}]"], "validation_exception")
    return words[given]
