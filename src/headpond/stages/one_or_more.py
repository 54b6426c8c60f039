"""Options that take one name or a list of them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator

OneOrMore = Annotated[list[str], BeforeValidator(lambda given: [given] if isinstance(given, str) else given)]
"""A list of texts; a text alone is a list of one."""
