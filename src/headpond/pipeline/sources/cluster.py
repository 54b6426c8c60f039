"""Which index of which cluster a source means, and the client for it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from elasticsearch import Elasticsearch

from headpond.errors import InputError
from headpond.serializer import SERIALIZERS

PREFIX = "index:"
API_KEY, BASIC_AUTH, CA_CERTS = "HEADPOND_SOURCE_API_KEY", "HEADPOND_SOURCE_BASIC_AUTH", "HEADPOND_SOURCE_CA_CERTS"


@dataclass(frozen=True, slots=True)
class Place:
    """An index somewhere.

    Attributes:
        index: its name; an alias, a pattern or names with commas will do.
        url: of the cluster, without credentials; None for the cluster that is written to.
        name: shown in messages.
    """

    index: str
    url: str | None
    name: str


def read_place(given: str) -> tuple[Place, tuple[str, str] | None]:
    """Reads `index:NAME`, `http(s)://HOST:PORT/NAME`, or `index:` before such a URL.

    Returns:
        The place, and user and password where the URL holds them.

    Raises:
        InputError: there is no name.
    """
    text = given.removeprefix(PREFIX)
    if "://" not in text:
        if not text:
            raise InputError("there is no name of an index", where=given, hint="give index:NAME")
        return Place(text, None, f"{PREFIX}{text}"), None
    parts = urlsplit(text)
    path, _, index = parts.path.rstrip("/").rpartition("/")
    host = parts.netloc.rpartition("@")[2]
    url = urlunsplit((parts.scheme, host, path, "", ""))
    if not index:
        raise InputError("there is no name of an index behind the address", where=url, hint=f"give {url}/NAME")
    auth = (unquote(parts.username), unquote(parts.password or "")) if parts.username is not None else None
    return Place(unquote(index), url, f"{url}/{unquote(index)}"), auth


def client_of(place: Place, auth: tuple[str, str] | None) -> Elasticsearch:
    """A client of another cluster; credentials come from the URL or from the environment.

    `HEADPOND_SOURCE_API_KEY`, `HEADPOND_SOURCE_BASIC_AUTH` (`user:password`) and `HEADPOND_SOURCE_CA_CERTS` are read.

    Raises:
        InputError: the address is none.
    """
    options: dict[str, Any] = {"serializers": SERIALIZERS}
    if auth is not None:
        options["basic_auth"] = auth
    elif key := os.environ.get(API_KEY):
        options["api_key"] = key
    elif basic := os.environ.get(BASIC_AUTH):
        user, _, password = basic.partition(":")
        options["basic_auth"] = (user, password)
    if certificates := os.environ.get(CA_CERTS):
        options["ca_certs"] = certificates
    url = str(place.url)
    try:
        parts = urlsplit(url)
        if parts.port is None:  # the client asks for one
            parts = parts._replace(netloc=f"{parts.netloc}:{443 if parts.scheme == 'https' else 80}")
        return Elasticsearch(urlunsplit(parts), **options)
    except (ValueError, OSError) as error:
        raise InputError(f"cannot be connected to: {error}", where=place.name) from None
