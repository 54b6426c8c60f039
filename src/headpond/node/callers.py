"""Who may ask a pond in front of a cluster: whoever the cluster itself would let ask its inference endpoints."""

from __future__ import annotations

import hashlib
import time
from http import HTTPStatus

import httpx
import orjson

from headpond.errors import RestError
from headpond.node.proxy import Proxy

REMEMBERED_SECONDS = 60.0
MOST_REMEMBERED = 10_000

MONITOR, MANAGE = "monitor_inference", "manage_inference"


class Callers:
    """Asks the cluster for the caller's privileges and remembers the answer for a minute.

    Without this anybody who reaches the pond could spend on endpoints whose keys it keeps.

    Args:
        proxy: the cluster.
    """

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        self._known: dict[tuple[bytes, str], float] = {}

    async def check(self, authorization: str | None, privilege: str) -> None:
        """Lets a caller pass, or not.

        Args:
            authorization: the caller's header.
            privilege: `monitor_inference` or `manage_inference`.

        Raises:
            RestError: 401 or 403 as the cluster says it, 502 when it does not answer.
        """
        key = (hashlib.sha256((authorization or "").encode()).digest(), privilege)
        now = time.monotonic()
        if self._known.get(key, 0.0) > now:
            return
        await self._ask(authorization, privilege)
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        self._known[key] = now + REMEMBERED_SECONDS

    async def _ask(self, authorization: str | None, privilege: str) -> None:
        headers = {"content-type": "application/json"}
        if authorization is not None:
            headers["authorization"] = authorization
        url = f"{self._proxy.url}/_security/user/_has_privileges"
        try:
            answer = await self._proxy.client.post(
                url, headers=headers, content=orjson.dumps({"cluster": [privilege]}), timeout=30
            )
        except httpx.HTTPError as error:
            reason = f"the cluster at [{self._proxy.url}] did not answer: {str(error) or type(error).__name__}"
            raise RestError(502, "connect_exception", reason) from None
        if answer.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise _refused(answer)
        if answer.is_success and not _has_all(answer):
            reason = f"the cluster at [{self._proxy.url}] does not grant the caller the privilege [{privilege}]"
            raise RestError(403, "security_exception", reason)
        if not answer.is_success and not _without_security(answer):
            reason = f"the cluster at [{self._proxy.url}] does not say who may ask: status [{answer.status_code}]"
            raise RestError(502, "status_exception", reason)


def _has_all(answer: httpx.Response) -> bool:
    try:
        return orjson.loads(answer.content).get("has_all_requested") is True
    except (orjson.JSONDecodeError, AttributeError):
        return False


def _without_security(answer: httpx.Response) -> bool:
    """Whether the cluster has no security: then its users may do everything."""
    texts = (b"no handler found", b"Incorrect HTTP method", b"Security must be explicitly enabled")
    return any(text in answer.content for text in texts)


def _refused(answer: httpx.Response) -> RestError:
    """The cluster's own refusal."""
    try:
        error = orjson.loads(answer.content)["error"]
        kind, reason = str(error["type"]), str(error["reason"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        kind, reason = "security_exception", "the cluster refuses the caller"
    names = ("www-authenticate",)
    headers = {name: answer.headers[name] for name in names if name in answer.headers}
    return RestError(answer.status_code, kind, reason, headers=headers)
