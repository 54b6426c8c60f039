"""Takes a URI apart as Java does: `java.net.URI` where it is one, else `java.net.URL`, which is laxer."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

_URI = re.compile(
    r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):)?(?://(?P<authority>[^/?#]*))?(?P<path>[^?#]*)"
    r"(?:\?(?P<query>[^#]*))?(?:#(?P<fragment>.*))?",
    re.DOTALL,
)
_SERVER = re.compile(
    r"(?:(?P<user_info>[^@\[\]]*)@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]+(?:%\w+)?\]|\d{1,3}(?:\.\d{1,3}){3}|[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.?"
    r"|(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)*[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.?)"
    r"(?::(?P<port>\d*))?",
    re.ASCII,
)
_URL_AUTHORITY = re.compile(r"(?:(?P<user_info>.*)@)?(?P<host>\[.*\]|[^:]*)(?::(?P<port>\d*))?", re.DOTALL)
_ILLEGAL = re.compile(r"""[\x00-\x20\x7f-\xa0"<>\\^`{|}]|%(?![0-9A-Fa-f]{2})""")
_NO_HOST = re.compile(r"""[\x00-\x20"#/<>?@\[\\\]^`{|}]""")
_BLANKS = "".join(map(chr, range(33)))
_LARGEST_INT = (1 << 31) - 1
_PROTOCOLS = frozenset({"http", "https", "file", "ftp", "jar", "mailto"})


def parts(text: str) -> dict[str, Any]:
    """The parts that are there, by Elasticsearch's names; `domain` and `scheme` are always among them.

    Raises:
        ValueError: the text is neither.
    """
    match = _URI.fullmatch(text)
    assert match is not None
    found = _uri(text, match) or _url(text.strip(_BLANKS))
    if found is None:
        raise ValueError(f"unable to parse URI [{text}]")
    kept = {key: value for key, value in found.items() if value is not None or key in ("domain", "scheme")}
    path, user = kept.get("path"), kept.get("user_info")
    if path is not None and "." in path:
        kept["extension"] = path.rpartition(".")[2]
    if user is not None and ":" in user:
        kept["username"], _, kept["password"] = user.partition(":")
    return kept


def _uri(text: str, match: re.Match[str]) -> dict[str, Any] | None:
    """As `java.net.URI`; None for what is none."""
    scheme, authority, path = match["scheme"], match["authority"], match["path"]
    if _ILLEGAL.search(text) or "#" in (match["fragment"] or ""):
        return None
    if authority == "" and not path and match["query"] is None and match["fragment"] is None:
        return None  # an authority is expected
    if scheme is None and ":" in path.partition("/")[0] and authority is None:
        return None  # what stands before the colon is no scheme
    opaque = scheme is not None and authority is None and not path.startswith("/")
    if opaque and not path and match["query"] is None:
        return None  # a part behind the scheme is expected
    if not opaque and ("[" in path or "]" in path):
        return None
    server = _SERVER.fullmatch(authority) if authority else None
    port = server["port"] if server else None
    if port and int(port) > _LARGEST_INT:
        server = port = None  # then the authority is any name
    if authority and server is None and ("[" in authority or "]" in authority):
        return None
    return {
        "domain": server["host"] if server else None,
        "fragment": _decoded(match["fragment"]),
        "path": None if opaque else _decoded(path),
        "port": int(port) if port else None,
        "query": None if opaque else _decoded(match["query"]),
        "scheme": scheme,
        "user_info": _decoded(server["user_info"]) if server else None,
    }


def _url(text: str) -> dict[str, Any] | None:
    """As `java.net.URL`, which decodes nothing; None for what is none."""
    match = _URI.fullmatch(text)
    if match is None or (match["scheme"] or "").lower() not in _PROTOCOLS:
        return None
    given = match["authority"] or ""
    authority = _URL_AUTHORITY.fullmatch(given if given.count("@") < 2 else "")
    if authority is None:
        return None
    host = authority["host"]
    if _NO_HOST.search(host) and not _SERVER.fullmatch(host):
        return None
    return {
        "domain": host,
        "fragment": match["fragment"],
        "path": match["path"],
        "port": int(authority["port"]) if authority["port"] else None,
        "query": match["query"],
        "scheme": match["scheme"].lower(),
        "user_info": authority["user_info"],
    }


def _decoded(text: str | None) -> str | None:
    return None if text is None else unquote(text, errors="replace")
