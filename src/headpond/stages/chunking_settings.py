"""Chunking settings in options of stages, in Elasticsearch's shape."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator

from headpond.errors import RestError
from headpond.inference.chunking import parse_chunking


def _checked(settings: dict[str, Any]) -> dict[str, Any]:
    try:
        parse_chunking(settings)
    except RestError as error:
        raise ValueError(error.reason) from None
    return settings


ChunkingSettings = Annotated[dict[str, Any], AfterValidator(_checked)]
"""Elasticsearch's chunking settings, as `headpond.inference.chunking.parse_chunking` reads them."""
