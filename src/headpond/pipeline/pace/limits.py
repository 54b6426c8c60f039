"""What one request to an endpoint may hold, and how many may go out in a minute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from headpond.pipeline.endpoints import TargetEndpoint
from headpond.pipeline.pace.settings import Pace

INPUTS, TOKENS = 64, 50_000
"""Of a service that is not in the table."""

MOST_INPUTS = 128
"""Larger requests do not cost less, but they cannot go side by side; a job may ask for more."""

# Texts and tokens that a provider takes in one embedding request, from the providers' references (2026) and
# Elasticsearch's batch sizes; where both say something, the smaller. None: no limit is published.
_SERVICES: Mapping[str, tuple[int, int | None]] = {
    "alibabacloud-ai-search": (32, None),
    "amazon_sagemaker": (256, None),
    "amazonbedrock": (96, None),
    "azureaistudio": (96, None),
    "azureopenai": (2048, 300_000),
    "cohere": (96, None),
    "elastic": (16, None),
    "fireworksai": (2048, None),
    "googleaistudio": (100, None),
    "googlevertexai": (250, 20_000),
    "hugging_face": (32, None),
    "jinaai": (2048, None),
    "llama": (20, None),
    "mistral": (96, 16_384),
    "nvidia": (20, None),
    "openai": (2048, 300_000),
    "openshift_ai": (20, None),
    "voyageai": (1000, 120_000),
    "watsonxai": (1000, None),
}
_SETTINGS = ("batch_size", "max_batch_size")
_SINGLE = frozenset({"completion", "chat_completion"})
# Tokens are estimated, and a request that is too large costs another one.
_MARGIN = 0.8


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of an endpoint.

    Attributes:
        inputs: texts in a request.
        tokens: estimated tokens in a request; one longer text goes alone.
        requests_per_minute: None when nothing is known.
        tokens_per_minute: None when nothing is known.
    """

    inputs: int
    tokens: int
    requests_per_minute: float | None
    tokens_per_minute: float | None


def of(endpoint: TargetEndpoint, pace: Pace) -> Limits:
    """The limits of an endpoint: the job's own, else those of its settings, else those of its service."""
    settings = endpoint.shown.get("service_settings") or {}
    inputs, tokens = _of_service(str(endpoint.shown.get("service")), settings)
    if endpoint.task_type in _SINGLE:
        inputs = 1  # Elasticsearch's completions take one input each
    rates = settings.get("rate_limit") or {}
    requests_per_minute = pace.requests_per_minute or _positive(rates.get("requests_per_minute"))
    tokens_per_minute = pace.tokens_per_minute or _positive(rates.get("tokens_per_minute"))
    if tokens_per_minute is not None:
        # A request that uses up a minute's tokens at once would be refused by most.
        tokens = min(tokens, max(1, int(tokens_per_minute / 4)))
    return Limits(pace.inputs or inputs, pace.tokens or tokens, requests_per_minute, tokens_per_minute)


def _of_service(service: str, settings: Mapping[str, Any]) -> tuple[int, int]:
    inputs, tokens = _SERVICES.get(service, (INPUTS, None))
    if service == "amazonbedrock" and settings.get("provider") == "amazontitan":
        inputs = 1
    stated = [value for name in _SETTINGS if (value := _positive(settings.get(name)))]
    if stated:
        inputs = int(stated[0])
    return min(inputs, MOST_INPUTS), min(TOKENS, int(tokens * _MARGIN)) if tokens else TOKENS


def _positive(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 else None
