"""A provider of embeddings to measure against, in a process of its own: latency, an allowance, and faults.

It answers as OpenAI does. The allowance is a bucket that holds one second's worth; what exceeds it is answered with
429. Every hundredth request (by its number) is answered with 503 when faults are on.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from benchmarks.inference_http import free_port

SERVER = """
import asyncio, sys, time, orjson, uvicorn
port, latency, rpm, tpm, faults, dims = (kind(text) for kind, text in zip((int, *[float] * 4, int), sys.argv[1:]))
ROW = orjson.Fragment(orjson.dumps([round(0.1 + 0.001 * place, 6) for place in range(dims)]))
requests, tokens, last = rpm / 60, tpm / 60, time.monotonic()
seen = dict(asked=0, served=0, refused=0, failed=0, first=0.0, last=0.0, tokens=0, most=0)
busy = 0
async def app(scope, receive, send):
    global requests, tokens, last, busy
    if scope["type"] != "http":
        return
    body, more = b"", True
    while more:
        part = await receive(); body += part.get("body", b""); more = part.get("more_body", False)
    status, out = 200, orjson.dumps(seen)
    if scope["method"] == "POST" and scope["path"] == "/reset":
        seen.update(asked=0, served=0, refused=0, failed=0, first=0.0, last=0.0, tokens=0, most=0)
    elif scope["method"] == "POST":
        texts = orjson.loads(body)["input"]
        cost = sum(len(text) for text in texts) / 4
        now = time.monotonic()
        requests = min(rpm / 60, requests + (now - last) * rpm / 60)
        tokens = min(tpm / 60, tokens + (now - last) * tpm / 60)
        last = now
        seen["asked"] += 1
        seen["first"] = seen["first"] or now
        if rpm and (requests < 1 or tokens < min(cost, tpm / 60)):
            seen["refused"] += 1
            status, out = 429, b'{"error":{"message":"Rate limit reached, please slow down"}}'
        else:
            requests -= 1; tokens -= cost
            busy += 1; seen["most"] = max(seen["most"], busy)
            await asyncio.sleep(latency)
            busy -= 1
            if faults and seen["asked"] % round(1 / faults) == 0:
                seen["failed"] += 1
                status, out = 503, b'{"error":{"message":"try later"}}'
            else:
                seen["served"] += 1; seen["tokens"] += int(cost); seen["last"] = time.monotonic()
                data = [{"object": "embedding", "index": place, "embedding": ROW} for place in range(len(texts))]
                usage = {"prompt_tokens": int(cost), "total_tokens": int(cost)}
                out = orjson.dumps({"object": "list", "data": data, "model": "m", "usage": usage})
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(out)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": out})
uvicorn.run(app, port=port, log_level="error", lifespan="off", access_log=False)
"""


class StandIn:
    """The provider; `url` is its base."""

    def __init__(self, url: str) -> None:
        self.url = url

    def seen(self) -> dict[str, Any]:
        """What it has counted since the last reset."""
        found: dict[str, Any] = httpx.get(self.url, timeout=60).json()
        return found

    def reset(self) -> None:
        httpx.post(f"{self.url}/reset", timeout=60).raise_for_status()

    def endpoint(self, **settings: Any) -> dict[str, Any]:
        """The body of an endpoint that asks it."""
        shown = {"api_key": "none", "model_id": "m", "url": f"{self.url}/v1/embeddings", "similarity": "cosine"}
        return {"task_type": "text_embedding", "service": "openai", "service_settings": {**shown, **settings}}


@contextmanager
def running(
    *, latency: float = 0.06, rpm: float = 0, tpm: float = 0, faults: float = 0, dims: int = 64
) -> Iterator[StandIn]:
    """Starts a provider and stops it."""
    port = free_port()
    arguments = [str(one) for one in (port, latency, rpm, tpm, faults, dims)]
    process = subprocess.Popen([sys.executable, "-c", SERVER, *arguments], stderr=subprocess.DEVNULL)
    try:
        provider = StandIn(f"http://127.0.0.1:{port}")
        for _ in range(600):
            try:
                provider.seen()
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield provider
    finally:
        process.terminate()
        process.wait()
