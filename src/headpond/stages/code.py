"""A digest of code that is not this toolkit's, so that documents are made anew when it changes."""

from __future__ import annotations

import hashlib
import inspect
from typing import Any


def code_of(thing: Any) -> str:
    """A digest of a function's or a class's code: its source, or where there is none its byte code."""
    try:
        source = inspect.getsource(thing)
    except (OSError, TypeError):
        code = getattr(thing, "__code__", None)
        source = repr((code.co_code, code.co_consts, code.co_names)) if code is not None else repr(thing)
    return hashlib.blake2b(source.encode("utf-8", "replace"), digest_size=8).hexdigest()
