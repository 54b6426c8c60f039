"""What the pond adds to a provider's own time, and how many callers it serves at once, over HTTP.

The provider is a server in a process of its own that answers OpenAI embeddings after a pause; the pond is another
process (`headpond serve`); the callers keep their connections. The same callers ask the provider directly, in the same
run, for the ratio.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import orjson

from benchmarks import report

PAUSE = 0.05
CALLERS = 64
CALLS = 1_000
SECONDS = 8.0
TEXTS, BATCH = 10_000, 96

ANSWER = orjson.dumps({"data": [{"index": 0, "embedding": [0.1] * 384}], "usage": {"total_tokens": 1}})

PROVIDER = """
import asyncio, sys, orjson, uvicorn
ROW = [0.1] * 384
seen = 0
async def app(scope, receive, send):
    global seen
    if scope["type"] != "http":
        return
    body, more = b"", True
    while more:
        part = await receive(); body += part.get("body", b""); more = part.get("more_body", False)
    if scope["path"] == "/seen":
        out = orjson.dumps(seen)
    else:
        seen += 1
        asked = orjson.loads(body)
        if scope["path"] == "/slow":
            await asyncio.sleep(float(sys.argv[2]))
        if "texts" in asked:  # as Cohere answers
            answer = {"embeddings": {"float": [ROW] * len(asked["texts"])}}
        else:
            answer = {"data": [{"index": i, "embedding": ROW} for i in range(len(asked["input"]))]}
        out = orjson.dumps(answer)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(out)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": out})
uvicorn.run(app, port=int(sys.argv[1]), log_level="error", lifespan="off", access_log=False)
"""


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(*command: str, port: int) -> Iterator[str]:
    process = subprocess.Popen([sys.executable, *command], stderr=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        for _ in range(200):
            try:
                httpx.get(url, timeout=1)
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait()


def one_caller(url: str, body: bytes) -> list[float]:
    """Milliseconds of calls one after the other on one connection."""
    times = []
    headers = {"content-type": "application/json"}
    with httpx.Client(timeout=60) as client:
        for _ in range(CALLS + 50):
            started = time.perf_counter()
            client.post(url, content=body, headers=headers).raise_for_status()
            times.append(1e3 * (time.perf_counter() - started))
    return times[50:]


async def many_callers(url: str, body: bytes) -> float:
    """Calls a second of all callers together. A plain connection each, so that the callers cost little."""
    host, _, port = url.removeprefix("http://").partition("/")[0].partition(":")
    path = "/" + url.removeprefix("http://").partition("/")[2]
    head = (
        f"POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    request = head.encode() + body
    done = 0
    end = 0.0

    async def call() -> None:
        nonlocal done
        reader, writer = await asyncio.open_connection(host, int(port))
        while time.perf_counter() < end:
            writer.write(request)
            header = await reader.readuntil(b"\r\n\r\n")
            assert b" 200 " in header.partition(b"\r\n")[0], header
            length = int(header.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
            done += 1
        writer.close()

    end = time.perf_counter() + 2
    await asyncio.gather(*(call() for _ in range(CALLERS)))
    done, started = 0, time.perf_counter()
    end = started + SECONDS
    await asyncio.gather(*(call() for _ in range(CALLERS)))
    return done / (time.perf_counter() - started)


def put(pond: str, name: str, url: str) -> None:
    settings = {"api_key": "k", "model_id": "m", "url": url, "rate_limit": {"requests_per_minute": 10_000_000}}
    body = {"service": "openai", "service_settings": settings}
    httpx.put(f"{pond}/_inference/text_embedding/{name}", json=body, timeout=60).raise_for_status()


def main() -> None:
    upstream, front = free_port(), free_port()
    direct, through = orjson.dumps({"input": ["a"], "model": "m"}), orjson.dumps({"input": ["a"]})
    serve = ("-m", "headpond", "serve", "--target", "memory", "--port", str(front))
    with (
        running("-c", PROVIDER, str(upstream), str(PAUSE), port=upstream) as provider,
        running(*serve, port=front) as pond,
    ):
        put(pond, "fast", f"{provider}/fast")
        put(pond, "slow", f"{provider}/slow")
        alone = one_caller(f"{provider}/fast", direct)
        beside = one_caller(f"{pond}/_inference/fast", through)
        rate_alone = asyncio.run(many_callers(f"{provider}/slow", direct))
        rate_beside = asyncio.run(many_callers(f"{pond}/_inference/slow", through))
        requests = many_texts(pond, provider)
    ideal = CALLERS / PAUSE
    medians = statistics.median(alone), statistics.median(beside)
    rows = [
        {"what": "one caller, p50 ms", "provider alone": medians[0], "through the pond": medians[1]},
        {
            "what": f"{CALLERS} callers, {PAUSE * 1e3:.0f} ms provider, calls/s",
            "provider alone": rate_alone,
            "through the pond": rate_beside,
        },
    ]
    report.write(
        "inference_http",
        rows,
        about="An inference call over HTTP: the provider asked directly and through the pond",
        packages=["headpond", "httpx", "starlette", "uvicorn"],
        added_p50_ms=round(medians[1] - medians[0], 3),
        share_of_ideal=round(rate_beside / ideal, 3),
        share_of_provider_alone=round(rate_beside / rate_alone, 3),
        requests_for_10000_texts=requests,
        fewest_possible=-(-TEXTS // BATCH),
        goal="added p50 <= 1 ms; >= 0.90 of the ideal 1280 calls/s; requests <= 1.05 x the fewest possible",
    )


def many_texts(pond: str, provider: str) -> int:
    """Requests that the provider saw for 10,000 short texts, through a service that takes 96 in one."""
    settings = {"api_key": "k", "model_id": "m", "url": provider, "rate_limit": {"requests_per_minute": 10_000_000}}
    config = {"service": "cohere", "service_settings": settings}
    httpx.put(f"{pond}/_inference/text_embedding/many", json=config, timeout=60).raise_for_status()
    before = httpx.get(f"{provider}/seen").json()
    texts = [f"text {number}" for number in range(TEXTS)]
    answer = httpx.post(f"{pond}/_inference/many", json={"input": texts}, timeout=60).raise_for_status().json()
    assert len(answer["text_embedding"]) == TEXTS
    return int(httpx.get(f"{provider}/seen").json()) - before


if __name__ == "__main__":
    main()
