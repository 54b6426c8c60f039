"""A running Elasticsearch with security, whose user `elastic` has a known password."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from tests.real.node import START_SECONDS, RealNode

SETTINGS = {"xpack.security.enabled": "true", "xpack.security.autoconfiguration.enabled": "false"}


class SecureNode(RealNode):
    """As `RealNode`, with security.

    A user of the file realm, whose hash stands in the configuration, gives `elastic` its password: so no keystore is
    needed.

    Args:
        password: of `elastic`.
    """

    def __init__(self, password: str) -> None:
        self._password = password
        self._first = secrets.token_urlsafe(12)
        super().__init__(settings=SETTINGS)

    def _write_config(self, home: Path, settings: Mapping[str, str], heap: str) -> None:
        super()._write_config(home, settings, heap)
        config = self._folder / "config"
        (config / "users").write_text(f"first:{_pbkdf2(self._first)}\n")
        (config / "users_roles").write_text("superuser:first\n")

    def _wait(self) -> str:
        deadline = time.monotonic() + START_SECONDS
        ports = self._folder / "logs" / "http.ports"
        body = json.dumps({"password": self._password}).encode()
        while time.monotonic() < deadline and self._process.poll() is None:
            if ports.is_file() and (found := ports.read_text().split()):
                url = f"http://{next(one for one in found if one.startswith('127.0.0.1'))}"
                # The security index is not there at once: until then right credentials are refused.
                if self._ask(f"{url}/_security/user/elastic/_password", body):
                    return url
            time.sleep(0.2)
        raise RuntimeError(f"Elasticsearch with security did not start:\n{self._tail()}")

    def _ask(self, url: str, body: bytes) -> bool:
        credentials = base64.b64encode(f"first:{self._first}".encode()).decode()
        headers = {"authorization": f"Basic {credentials}", "content-type": "application/json"}
        try:
            with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=30) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


def _pbkdf2(password: str) -> str:
    """A hash as Elasticsearch's file realm reads it."""
    salt = secrets.token_bytes(32)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, 10_000, 32)
    return f"{{PBKDF2}}10000${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"
