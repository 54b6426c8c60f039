from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from headpond import services
from headpond.pipeline.endpoints import TargetEndpoint
from headpond.pipeline.pace import limits
from headpond.pipeline.pace.settings import Pace


def of(service: str, pace: Pace | None = None, task_type: str = "text_embedding", **settings: Any) -> limits.Limits:
    shown = {"inference_id": "e", "task_type": task_type, "service": service, "service_settings": settings}
    endpoint = TargetEndpoint("e", task_type, None, None, "float", "f", shown)
    return limits.of(endpoint, pace or Pace())


@pytest.mark.parametrize(
    ("service", "inputs", "tokens"),
    [
        ("cohere", 96, 50_000),
        ("openai", 128, 50_000),
        ("mistral", 96, 13_107),
        ("googlevertexai", 128, 16_000),
        ("elasticsearch", 64, 50_000),
        ("hugging_face", 32, 50_000),
        ("elastic", 16, 50_000),
        ("unheard-of", 64, 50_000),
    ],
)
def test_a_request_keeps_to_what_its_service_takes(service: str, inputs: int, tokens: int) -> None:
    found = of(service)
    assert (found.inputs, found.tokens) == (inputs, tokens)
    assert (found.requests_per_minute, found.tokens_per_minute) == (None, None)


def test_settings_of_the_endpoint_count_more() -> None:
    found = of("custom", batch_size=7, rate_limit={"requests_per_minute": 240})
    assert (found.inputs, found.requests_per_minute) == (7, 240)
    assert of("amazonbedrock", provider="amazontitan").inputs == 1
    assert of("amazonbedrock", provider="cohere").inputs == 96
    assert of("googlevertexai", max_batch_size=40).inputs == 40


def test_the_job_counts_most() -> None:
    pace = Pace(inputs=500, tokens=9, requests_per_minute=60, tokens_per_minute=1_000)
    assert of("cohere", pace, rate_limit={"requests_per_minute": 240}) == limits.Limits(500, 9, 60, 1_000)


def test_a_completion_takes_one_input() -> None:
    assert of("openai", task_type="completion").inputs == 1


def test_no_request_takes_a_large_part_of_a_minutes_tokens() -> None:
    assert of("openai", Pace(tokens_per_minute=40_000)).tokens == 10_000


def test_the_table_names_services_that_exist() -> None:
    # Elasticsearch alone has the service [elastic]; files are named as the registry reads them.
    names = {one.stem.replace("__", "-") for one in Path(services.__path__[0]).glob("*.py")}
    assert set(limits._SERVICES) - names <= {"amazon_sagemaker", "elastic"}
