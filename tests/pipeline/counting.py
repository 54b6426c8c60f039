"""A provider of embeddings that counts every text it is paid for, and can keep a request waiting."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from tests.services.provider import Asked, Provider, Reply

DIMENSIONS = 8
PROBE = "how big"


def vector(text: str) -> list[float]:
    return [1 + byte / 256 for byte in hashlib.sha256(text.encode()).digest()[:DIMENSIONS]]


class Counting:
    """Embeds as OpenAI does.

    Attributes:
        paid: how often each text was sent.
        held: set when the request that `hold` named has come; it is never answered.
    """

    def __init__(self, latency: float) -> None:
        self.paid: Counter[str] = Counter()
        self.held = threading.Event()
        self._latency = latency
        self._hold_at: int | None = None
        self._lock = threading.Lock()
        self._provider = Provider()
        self._provider.always = self._answer
        self.url = self._provider.url

    def hold(self, further: int) -> None:
        """Lets the request with the `further`-th text from now on wait for ever."""
        with self._lock:
            self.held.clear()
            self._hold_at = self.paid.total() + further

    def release(self, *, forget: bool = False) -> None:
        """Every request is answered again."""
        with self._lock:
            self._hold_at = None
            if forget:
                self.paid.clear()

    def close(self) -> None:
        self._provider.close()

    def _answer(self, asked: Asked) -> Reply:
        texts: list[str] = asked.json()["input"]
        with self._lock:
            self.paid.update(text for text in texts if not text.startswith(PROBE))
            if self._hold_at is not None and self.paid.total() >= self._hold_at:
                self._hold_at = None
                self.held.set()
                return Reply(hangs=True)
        time.sleep(self._latency)
        data = [{"object": "embedding", "index": place, "embedding": vector(text)} for place, text in enumerate(texts)]
        usage = {"prompt_tokens": len(texts), "total_tokens": len(texts)}
        return Reply(body={"object": "list", "data": data, "model": "m", "usage": usage})


def pipeline_file(folder: Path, url: str) -> Path:
    """A pipeline that embeds `body` with the provider at a URL."""
    settings: dict[str, Any] = {
        "api_key": "none",
        "model_id": "m",
        "url": f"{url}/v1/embeddings",
        "dimensions": DIMENSIONS,
        "similarity": "cosine",
        "rate_limit": {"requests_per_minute": 1_000_000},
    }
    inference = {"model_id": "paid", "input_output": {"input_field": "body", "output_field": "vector"}}
    text = {
        "endpoints": {"paid": {"task_type": "text_embedding", "service": "openai", "service_settings": settings}},
        "processors": [{"inference": inference}],
    }
    file = folder / "paid.yaml"
    file.write_text(yaml.safe_dump(text))
    return file
