from __future__ import annotations

from typing import Any

import pytest

from headpond.stages.request.base import SearchRequest
from headpond.stages.request.oversample import Oversample, OversampleSpec
from tests.stages.requests import request


def oversampled(body: dict[str, Any], factor: float, **options: Any) -> SearchRequest:
    asked = request(body)
    Oversample(OversampleSpec(sample_factor=factor, **options), "oversample").process(asked)
    return asked


def test_more_hits_are_looked_at_and_the_size_is_kept() -> None:
    asked = oversampled({"size": 5}, 1.5)
    assert asked.window == 8
    assert asked.body == {"size": 5}


def test_the_default_size_and_the_page_count() -> None:
    assert oversampled({}, 3).window == 30
    assert oversampled({"from": 20}, 3).window == 50


def test_opensearchs_prefix_is_taken() -> None:
    assert oversampled({"size": 5}, 2, context_prefix="mine").window == 10


def test_the_widest_of_them_counts() -> None:
    asked = oversampled({"size": 5}, 4)
    Oversample(OversampleSpec(sample_factor=2), "oversample").process(asked)
    assert asked.window == 20


def test_no_more_hits_are_asked_for_than_elasticsearch_gives() -> None:
    assert oversampled({"size": 1000}, 1e9).window == 10_000


@pytest.mark.parametrize("factor", [0.5, 0, -1, float("inf"), float("nan"), "many"])
def test_a_factor_is_a_number_from_one(factor: Any) -> None:
    with pytest.raises(ValueError, match="sample_factor"):
        OversampleSpec(sample_factor=factor)
