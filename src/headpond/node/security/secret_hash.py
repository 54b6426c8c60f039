"""Hashes of passwords and API keys, and a quick check of those that were right a moment ago."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import threading
from collections import OrderedDict

# 16 MiB and about 50 ms for one guess.
_COST, _BLOCK, _LANES = 2**14, 8, 1
_SALT_BYTES, _BYTES = 16, 32
_NAME = "scrypt"
_KNOWN_ENTRIES = 10_000
# Many guesses at once wait for one another instead of taking 16 MiB each.
_AT_ONCE = threading.BoundedSemaphore(max(2, os.cpu_count() or 2))


def hashed(secret: str) -> str:
    """A salted hash that says how it was made: `scrypt$n$r$p$salt$hash`, salt and hash in hexadecimal."""
    salt = secrets.token_bytes(_SALT_BYTES)
    digest = _scrypt(secret, salt, _COST, _BLOCK, _LANES)
    return f"{_NAME}${_COST}${_BLOCK}${_LANES}${salt.hex()}${digest.hex()}"


def matches(secret: str, kept: str) -> bool:
    """Whether a secret is the one a hash was made of; takes as long whether it is or not."""
    _, cost, block, lanes, salt, digest = kept.split("$")
    found = _scrypt(secret, bytes.fromhex(salt), int(cost), int(block), int(lanes))
    return hmac.compare_digest(found, bytes.fromhex(digest))


def _scrypt(secret: str, salt: bytes, cost: int, block: int, lanes: int) -> bytes:
    # Lone surrogates, which JSON can hold, are kept apart from one another.
    encoded = secret.encode("utf-8", "surrogatepass")
    with _AT_ONCE:
        return hashlib.scrypt(encoded, salt=salt, n=cost, r=block, p=lanes, dklen=_BYTES, maxmem=64 * 1024 * 1024)


class Verifier:
    """Checks secrets against their hashes and remembers those that were right.

    The slow hash is what guessing has to pay for; a client that sends the same right secret with every request pays
    for it once. What is remembered is a keyed digest in memory, tied to the hash it was checked against, so that a
    changed secret is forgotten by itself.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._right: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()
        self._nobody = hashed(secrets.token_urlsafe(16))

    def check(self, secret: str, kept: str | None) -> bool:
        """Whether a secret is right; None for somebody who does not exist, which takes as long as a wrong secret."""
        if kept is None:
            matches(secret, self._nobody)
            return False
        digest = hashlib.blake2b(secret.encode("utf-8", "surrogatepass"), key=self._key, digest_size=32).digest()
        with self._lock:
            known = self._right.get(kept)
        if known is not None and hmac.compare_digest(known, digest):
            return True
        if not matches(secret, kept):
            return False
        with self._lock:
            self._right[kept] = digest
            while len(self._right) > _KNOWN_ENTRIES:
                self._right.popitem(last=False)
        return True
