"""Clients that wait only so long, made once for times that are about the same.

Making one with `client.options` takes half a millisecond, which a search can use better.
"""

from __future__ import annotations

import math
import threading
from weakref import WeakKeyDictionary

from elasticsearch import Elasticsearch

STEP = 1.1
"""How much longer each time is than the one before."""

_lock = threading.Lock()
_made: WeakKeyDictionary[Elasticsearch, dict[int, Elasticsearch]] = WeakKeyDictionary()


def within(client: Elasticsearch, seconds: float) -> Elasticsearch:
    """A client for the same target that closes the connection after about `seconds`, and tries nothing twice.

    Args:
        client: is left as it is.
        seconds: above 0; the client waits so long, or up to a tenth longer. Infinite gives the client itself.
    """
    if math.isinf(seconds):
        return client
    step = math.ceil(math.log(max(seconds, 0.001), STEP))
    with _lock:
        made = _made.setdefault(client, {})
        if step not in made:
            made[step] = client.options(request_timeout=STEP**step, max_retries=0)
        return made[step]
