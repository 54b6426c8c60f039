"""From what was seen of the sources to tokens, requests, time and cost of the whole run, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from headpond.pipeline.pace.limits import Limits
from headpond.pipeline.plan.counting import Counter
from headpond.pipeline.plan.survey import Texts
from headpond.pipeline.spec import Price

_SURE = 1.96
"""Standard errors on each side that hold 95 % of the cases."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a few real calls of an endpoint took.

    Attributes:
        tokens: as the target counted; None when it does not say.
        counted: tokens of the same texts as we count them.
        requests: made.
        seconds: all of them together, one after the other.
    """

    tokens: int | None
    counted: int
    requests: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """What one endpoint will be asked.

    Attributes:
        inference_id: the endpoint.
        texts: that will be sent.
        again: that will not, because they are in the cache or repeat others.
        tokens: of the texts sent.
        uncertainty: by how much `tokens` may be off, as a share; None when only the beginning of a source was seen.
        requests: calls.
        seconds: None when neither a rate limit nor a measurement says anything.
        cost: None without a price.
        how: how tokens were counted.
    """

    inference_id: str
    texts: float
    again: float
    tokens: float
    uncertainty: float | None
    requests: int
    seconds: float | None
    cost: float | None
    how: str

    def to_json(self) -> dict[str, Any]:
        """An object with the attributes."""
        return {
            "texts": round(self.texts),
            "cached_or_repeated": round(self.again),
            "tokens": round(self.tokens),
            "uncertainty": None if self.uncertainty is None else round(self.uncertainty, 4),
            "requests": self.requests,
            "seconds": None if self.seconds is None else round(self.seconds, 1),
            "cost": None if self.cost is None else round(self.cost, 6),
            "counted_by": self.how,
        }


@dataclass(frozen=True, slots=True)
class Part:
    """What was surveyed of the sources.

    Attributes:
        share: of all bytes; 1 when everything was seen.
        whole: whether that share stands for the rest: all of it, or places spread over it.
        sizes: bytes of each record surveyed.
    """

    share: float
    whole: bool
    sizes: Sequence[int]


def estimate(
    inference_id: str,
    texts: Texts,
    part: Part,
    counter: Counter,
    limits: Limits,
    *,
    price: Price | None,
    measured: Measured | None = None,
) -> Estimate:
    """What an endpoint will be asked by the whole run.

    Tokens are those of the texts kept, by their letters, times the letters of all texts: a ratio estimate, whose error
    is that of the ratio alone (W. G. Cochran, Sampling Techniques, 3rd ed. 1977, 6.4).
    """
    if measured is not None and measured.tokens is not None and measured.counted:
        counter = counter.scaled(measured.tokens / measured.counted, 0.03)
    counts = counter.count(texts.kept)
    letters = [len(text) for text in texts.kept]
    ratio = sum(counts) / sum(letters) if sum(letters) else 0.0
    tokens = sum(counts) if texts.number == len(counts) else ratio * texts.letters
    tokens /= part.share
    number = texts.number / part.share
    requests = math.ceil(max(number / limits.inputs, tokens / limits.tokens)) if number else 0
    return Estimate(
        inference_id,
        number,
        texts.again / part.share,
        tokens,
        _uncertainty(texts, counts, letters, part, counter.uncertainty),
        requests,
        _seconds(tokens, requests, limits, measured),
        None if price is None else price.of(tokens, requests),
        counter.how,
    )


def _uncertainty(
    texts: Texts, counts: Sequence[int], letters: Sequence[int], part: Part, of_counter: float
) -> float | None:
    if not part.whole:
        return None
    error = 0.0
    if len(counts) < texts.number:
        error += relative_error(counts, letters) ** 2
    if part.share < 1.0:
        error += relative_error(texts.by_record, part.sizes) ** 2
    return _SURE * math.sqrt(error) + of_counter


def relative_error(values: Sequence[int], sizes: Sequence[int], groups: int = 25) -> float:
    """The standard error of the ratio of two sums, as a share of it; neighbours count as one: they are alike."""
    groups = min(groups, len(values))
    if groups < 2:
        return 1.0
    bounds = [len(values) * group // groups for group in range(groups + 1)]
    pairs = [(sum(values[a:b]), sum(sizes[a:b])) for a, b in pairwise(bounds)]
    total, size = sum(value for value, _ in pairs), sum(part for _, part in pairs)
    if not total or not size:
        return 0.0
    ratio = total / size
    spread = sum((value - ratio * part) ** 2 for value, part in pairs)
    return math.sqrt(groups / (groups - 1) * spread) / total


def _seconds(tokens: float, requests: int, limits: Limits, measured: Measured | None) -> float | None:
    """As long as the limits make it, or as the calls that were timed; those went out one after the other."""
    found = []
    if limits.requests_per_minute:
        found.append(60 * requests / limits.requests_per_minute)
    if limits.tokens_per_minute:
        found.append(60 * tokens / limits.tokens_per_minute)
    if measured is not None and measured.counted and measured.seconds:
        spent = measured.tokens or measured.counted
        found.append(tokens * measured.seconds / spent)
    return max(found) if found else None


def total(estimates: Mapping[str, Estimate]) -> dict[str, Any]:
    """Sums over all endpoints; their uncertainties are taken to go together."""
    every = list(estimates.values())
    tokens = sum(one.tokens for one in every)
    sure = all(one.uncertainty is not None for one in every)
    off = sum((one.uncertainty or 0) * one.tokens for one in every)
    costs = [one.cost for one in every if one.cost is not None]
    times = [one.seconds for one in every if one.seconds is not None]
    return {
        "tokens": round(tokens),
        "uncertainty": (off / tokens if tokens else 0.0) if sure else None,
        "requests": sum(one.requests for one in every),
        "seconds": sum(times) if times else None,
        "cost": sum(costs) if costs else None,
    }
