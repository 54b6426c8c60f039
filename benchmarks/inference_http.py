"""What the pond adds to a provider's own time, and how many callers it serves at once, over HTTP.

The provider is a server in a process of its own that answers OpenAI embeddings after a pause; the pond is another
process (`headpond serve`); the callers keep their connections. The same callers ask, in turn and in the same run, the
provider itself and two servers that only pass requests on (`inference_servers`): the least that a Python server costs.
All of them share the machine's cores, and so what each of them costs in CPU counts: it is measured for each.
`BENCHMARK_NOTE` is kept with the results: what else is known of the moment.
"""

from __future__ import annotations

import asyncio
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import orjson

from benchmarks import report

PAUSE = 0.05
CALLERS = 64
CALLS = 1_000
WARM_CALLS = 50
SECONDS, WARM_SECONDS = 5.0, 1.0
TURNS = 3
TEXTS, BATCH = 10_000, 96
SERVERS = "benchmarks.inference_servers"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Served:
    """A server and what came of asking it."""

    what: str
    url: str
    process: int
    body: bytes
    one: list[float] = field(default_factory=list)
    one_cpu: list[float] = field(default_factory=list)
    many: list[float] = field(default_factory=list)
    many_cpu: list[float] = field(default_factory=list)

    def row(self) -> dict[str, object]:
        """The best of all turns: what else ran on the machine only ever made it slower."""
        return {
            "what": self.what,
            "one caller, p50 ms": min(self.one),
            "its CPU, ms a call": min(self.one_cpu),
            f"{CALLERS} callers, calls/s": max(self.many),
            "their CPU, ms a call": min(self.many_cpu),
        }


def cpu_seconds(process: int) -> float:
    """All CPU time of a process so far; 0 where there is no `/proc`."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def running(*command: str, port: int) -> Iterator[tuple[str, int]]:
    """A server in a process of its own: its URL and its process."""
    process = subprocess.Popen([sys.executable, *command], stderr=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        for _ in range(200):
            try:
                httpx.get(url, timeout=1)
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield url, process.pid
    finally:
        process.terminate()
        process.wait()


def one_caller(url: str, body: bytes) -> list[float]:
    """Milliseconds of calls one after the other on one connection."""
    times = []
    request, address = plain(url, body)
    with socket.create_connection(address) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(WARM_CALLS + CALLS):
            started = time.perf_counter()
            connection.sendall(request)
            answer = connection.recv(65536)
            while len(answer) < length(answer):
                answer += connection.recv(65536)
            times.append(1e3 * (time.perf_counter() - started))
    return times[WARM_CALLS:]


def plain(url: str, body: bytes) -> tuple[bytes, tuple[str, int]]:
    """A request as it is sent, and where to; callers on plain sockets cost little."""
    address, _, path = url.removeprefix("http://").partition("/")
    host, _, port = address.partition(":")
    head = f"POST /{path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body, (host, int(port))


def length(answer: bytes) -> int:
    """How long an answer is that has begun."""
    head, found, _ = answer.partition(b"\r\n\r\n")
    if not found:
        return len(answer) + 1
    assert b" 200 " in head.partition(b"\r\n")[0], answer
    return len(head) + 4 + int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])


class Caller(asyncio.Protocol):
    """Asks again as soon as it has its answer, until the end."""

    def __init__(self, request: bytes, end: float, done: list[float]) -> None:
        self._request, self._end, self._done = request, end, done
        self._answer, self.over = b"", asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if len(self._answer) < length(self._answer):
            return
        self._answer, now = b"", time.perf_counter()
        self._done.append(now)
        if now < self._end:
            self._transport.write(self._request)
        else:
            self._transport.close()
            self.over.set_result(None)


async def many_callers(url: str, body: bytes) -> tuple[float, int]:
    """Calls a second of all callers together once they are warm, and the number of all calls."""
    request, (host, port) = plain(url, body)
    begin = time.perf_counter() + WARM_SECONDS
    done: list[float] = []
    loop = asyncio.get_running_loop()
    callers = [
        (await loop.create_connection(lambda: Caller(request, begin + SECONDS, done), host, port))[1]
        for _ in range(CALLERS)
    ]
    await asyncio.gather(*(caller.over for caller in callers))
    return sum(begin <= moment < begin + SECONDS for moment in done) / SECONDS, len(done)


def put(pond: str, name: str, url: str) -> None:
    settings = {"api_key": "k", "model_id": "m", "url": url, "rate_limit": {"requests_per_minute": 10_000_000}}
    body = {"service": "openai", "service_settings": settings}
    httpx.put(f"{pond}/_inference/text_embedding/{name}", json=body, timeout=60).raise_for_status()


def main() -> None:
    direct, through = orjson.dumps({"input": ["a"], "model": "m"}), orjson.dumps({"input": ["a"]})
    load = os.getloadavg()[0]
    with ExitStack() as stack:

        def start(what: str, arguments: Callable[[int], tuple[str, ...]], body: bytes = direct) -> Served:
            port = free_port()
            url, process = stack.enter_context(running(*arguments(port), port=port))
            return Served(what, url, process, body)

        provider = start("the provider itself", lambda port: ("-m", SERVERS, "provider", str(port), str(PAUSE)))
        upstream = provider.url.rpartition(":")[2]
        loop = start("passed on, one event loop", lambda port: ("-m", SERVERS, "loop", str(port), upstream))
        threads = start("passed on in threads", lambda port: ("-m", SERVERS, "threads", str(port), upstream))
        serve = ("-m", "headpond", "serve", "--target", "memory", "--port")
        pond = start("the pond", lambda port: (*serve, str(port)), through)
        put(pond.url, "fast", f"{provider.url}/fast")
        put(pond.url, "slow", f"{provider.url}/slow")
        everybody = [provider, loop, threads, pond]
        for _ in range(TURNS):
            for served in everybody:
                measure(served, "/_inference" if served is pond else "")
        requests = many_texts(pond.url, provider.url)
    ideal, rate = CALLERS / PAUSE, max(pond.many)
    report.write(
        "inference_http",
        [served.row() for served in everybody],
        about=f"Inference calls over HTTP; the many ask a provider that takes {PAUSE * 1e3:.0f} ms; best of {TURNS}",
        packages=["headpond", "httptools", "starlette", "uvicorn", "uvloop"],
        load_average_before=round(load, 2),
        note=os.environ.get("BENCHMARK_NOTE", ""),
        added_p50_ms=round(min(pond.one) - min(provider.one), 3),
        share_of_ideal=round(rate / ideal, 3),
        share_of_provider_alone=round(rate / max(provider.many), 3),
        share_of_one_event_loop=round(rate / max(loop.many), 3),
        requests_for_10000_texts=requests,
        fewest_possible=-(-TEXTS // BATCH),
        goal="added p50 <= 1 ms; >= 0.90 of the ideal 1280 calls/s; requests <= 1.05 x the fewest possible",
    )


def measure(served: Served, prefix: str) -> None:
    """One turn."""
    used = cpu_seconds(served.process)
    served.one.append(statistics.median(one_caller(f"{served.url}{prefix}/fast", served.body)))
    served.one_cpu.append(1e3 * (cpu_seconds(served.process) - used) / (WARM_CALLS + CALLS))
    used = cpu_seconds(served.process)
    rate, calls = asyncio.run(many_callers(f"{served.url}{prefix}/slow", served.body))
    served.many.append(rate)
    served.many_cpu.append(1e3 * (cpu_seconds(served.process) - used) / calls)


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
