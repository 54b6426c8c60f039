"""Error messages in the forms that several providers share."""

from __future__ import annotations

from typing import Any


def detail(body: Any) -> str | None:
    """`{"detail": "..."}`, or FastAPI's list of what is wrong with a request: `{"detail": [{"loc", "msg"}]}`.

    Args:
        body: a parsed error body of any shape; what is no object raises a `TypeError`.
    """
    found = body["detail"]
    if isinstance(found, list):
        return "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in found) or None
    return found if isinstance(found, str) else None
