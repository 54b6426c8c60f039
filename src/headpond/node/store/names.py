"""What index and alias names may be."""

from __future__ import annotations

from headpond.errors import RestError

_FORBIDDEN = ' "*,/<>?\\|'
_LISTED = "[' ','\"','*',',','/','<','>','?','\\','|']"


def not_found(name: str) -> RestError:
    """A 404 `index_not_found_exception`."""
    extra = {"resource.type": "index_or_alias", "resource.id": name, "index_uuid": "_na_", "index": name}
    return RestError(404, "index_not_found_exception", f"no such index [{name}]", extra=extra)


def invalid_name(name: str, why: str) -> RestError:
    """A 400 `invalid_index_name_exception`."""
    return RestError(
        400,
        "invalid_index_name_exception",
        f"Invalid index name [{name}], {why}",
        extra={"index_uuid": "_na_", "index": name},
    )


def check_index_name(name: str) -> None:
    """Refuses names that Elasticsearch refuses.

    Raises:
        RestError: 400 `invalid_index_name_exception`.
    """
    if why := _wrong(name, _LISTED):
        raise invalid_name(name, why)
    if name != name.lower():
        raise invalid_name(name, "must be lowercase")


def check_alias_name(name: str) -> None:
    """Refuses names that Elasticsearch refuses for aliases.

    Raises:
        RestError: 400 `invalid_alias_name_exception`.
    """
    if why := _wrong(name, _LISTED):
        raise RestError(400, "invalid_alias_name_exception", f"Invalid alias name [{name}]: {why}")


def _wrong(name: str, listed: str) -> str | None:
    if any(character in _FORBIDDEN for character in name):
        return f"must not contain the following characters {listed}"
    if "#" in name:
        return "must not contain '#'"
    if ":" in name:
        return "must not contain ':'"
    if name[:1] in ("_", "-", "+"):
        return "must not start with '_', '-', or '+'"
    if len(encoded := name.encode()) > 255:
        return f"index name is too long, ({len(encoded)} > 255)"
    return "must not be '.' or '..'" if name in (".", "..") else None
