"""Where a request goes."""

from __future__ import annotations

from headpond.inference.endpoint import Endpoint


def address(endpoint: Endpoint, default: str, path: str) -> str:
    """The whole URL of a request: the setting `url`, or the provider's own base, and the path.

    Args:
        endpoint: whose setting `url` counts.
        default: the provider's base.
        path: with a slash at its beginning.
    """
    return joined(str(endpoint.service_settings.get("url", default)), path)


def joined(base: str, path: str) -> str:
    """A base and a path; what of the path the base ends with is not added again.

    `https://host/v1` and `/v1/rerank` make `https://host/v1/rerank`; a query of the base stays the end of it all.
    """
    base, mark, query = base.partition("?")
    return f"{_joined(base.rstrip('/'), path)}{mark}{query}"


def with_query(url: str, query: str) -> str:
    """A URL with a query added to the one it may have."""
    return f"{url}{'&' if '?' in url else '?'}{query}"


def _joined(base: str, path: str) -> str:
    parts = path.split("/")
    for count in range(len(parts), 1, -1):
        if base.endswith("/".join(parts[:count])):
            return "/".join([base, *parts[count:]])
    return base + path
