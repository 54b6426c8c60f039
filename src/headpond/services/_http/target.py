"""Where a URL leads, worked out once for each URL."""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import httpx

_PORTS = {"http": 80, "https": 443}
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(r"(?:[!-~](?:[\t -~]*[!-~])?)?")
"""What a header's name and value may hold (RFC 9110, 5.1 and 5.5), of ASCII."""


@dataclass(frozen=True, slots=True)
class Target:
    """The parts of a URL that a request needs.

    Attributes:
        secure: whether it is `https`.
        host: a name in ASCII, or an address without brackets.
        port: of the server.
        defaults: headers unless others are given; names in lower case.
        forced: the header of a user and password in the URL, which stands before all others.
        path: with the query; some providers take keys there.
        numeric: whether the host is an address and no name.
        loopback: whether it is this machine.
    """

    secure: bool
    host: str
    port: int
    defaults: Mapping[str, str] = field(repr=False)
    forced: Mapping[str, str] = field(repr=False)
    path: str = field(repr=False)
    numeric: bool
    loopback: bool

    def head(self, headers: Mapping[str, str], length: int) -> bytes:
        """The head of a POST (RFC 9112).

        Args:
            headers: besides those every request has.
            length: bytes of the body.

        Raises:
            httpx.LocalProtocolError: a header is none of HTTP's.
        """
        given = {name.lower(): value for name, value in headers.items()}
        for name, value in given.items():
            plain = value.isascii() and value.isprintable() and value.strip() == value
            if not (plain or _VALUE.fullmatch(value)) or not _NAME.fullmatch(name):
                raise httpx.LocalProtocolError("a header is malformed")
        sent = {**self.defaults, **given, **self.forced, "content-length": str(length)}
        lines = "".join([f"{name}: {value}\r\n" for name, value in sent.items()])
        return f"POST {self.path} HTTP/1.1\r\n{lines}\r\n".encode("ascii")


@lru_cache(maxsize=1024)
def target(url: str) -> Target:
    """Reads a URL.

    Raises:
        httpx.InvalidURL: it is none.
        httpx.UnsupportedProtocol: it is neither `http` nor `https`, or has no host.
    """
    parsed = httpx.URL(url)
    if parsed.scheme not in _PORTS or not parsed.host:
        raise httpx.UnsupportedProtocol("The address is not one of http:// or https://")
    host = parsed.raw_host.decode("ascii")
    address = _address(host)
    forced = {}
    if parsed.userinfo:
        credentials = base64.b64encode(f"{parsed.username}:{parsed.password}".encode()).decode()
        forced["authorization"] = f"Basic {credentials}"
    return Target(
        secure=parsed.scheme == "https",
        host=host,
        port=parsed.port or _PORTS[parsed.scheme],
        defaults={
            "host": parsed.netloc.decode("ascii"),
            "accept": "*/*",
            "accept-encoding": "gzip, deflate",
            "connection": "keep-alive",
            "user-agent": "headpond",
        },
        forced=forced,
        path=parsed.raw_path.decode("ascii"),
        numeric=address is not None,
        loopback=address.is_loopback if address else host == "localhost" or host.endswith(".localhost"),
    )


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
