"""What a run has spent on inference, and the limits that it must not pass."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from headpond.errors import InputError, JobError
from headpond.pipeline.spec import Price

FREE = frozenset({"elasticsearch", "elser", "fake"})
"""Services that bill nobody by the token, so that they need no price."""


class BudgetSpentError(JobError):
    """The next request would pass a limit of the run; everything before it is safe."""


@dataclass(slots=True)
class Spent:
    """What one endpoint was asked in this run.

    Attributes:
        requests: that went out.
        tokens: they cost: as the target says, and estimated where it does not.
        estimated: how many of `tokens` are estimated.
        cost: None without a price.
    """

    requests: int = 0
    tokens: int = 0
    estimated: int = 0
    cost: float | None = None

    def to_json(self) -> dict[str, Any]:
        """An object with the attributes."""
        cost = None if self.cost is None else round(self.cost, 6)
        return {"requests": self.requests, "tokens": self.tokens, "estimated_tokens": self.estimated, "cost": cost}


class Budget:
    """Charged before every inference request; safe to use from several threads.

    A request that is on its way is counted with its estimate, so requests side by side cannot pass a limit together.

    Args:
        prices: by endpoint.
        max_tokens: of this run; None for no limit.
        max_cost: of this run, in the currency of the prices; None for no limit.
    """

    def __init__(
        self, prices: Mapping[str, Price] | None = None, max_tokens: int | None = None, max_cost: float | None = None
    ) -> None:
        self._prices = dict(prices or {})
        self._max_tokens = max_tokens
        self._max_cost = max_cost
        self._spent: dict[str, Spent] = {}
        self._lock = threading.Lock()
        self.currency = next((price.currency for price in self._prices.values()), None)

    def check(self, services: Mapping[str, str]) -> None:
        """Refuses a limit that could not be kept.

        Args:
            services: of the endpoints that the run will ask, by id.

        Raises:
            InputError: there is a limit on cost, and an endpoint without a price or prices in several currencies.
        """
        if self._max_cost is None:
            return
        unpriced = sorted(id for id, name in services.items() if id not in self._prices and name not in FREE)
        if unpriced:
            raise InputError(
                f"a limit on cost cannot be kept: endpoint [{unpriced[0]}] has no price",
                hint=f"add to the pipeline file: prices: {{{unpriced[0]}: {{per_million_tokens: ...}}}}",
            )
        currencies = sorted({price.currency for price in self._prices.values()})
        if len(currencies) > 1:
            raise InputError(f"a limit on cost cannot be kept: prices are in {' and '.join(currencies)}")

    def charge(self, inference_id: str, tokens: int, requests: int) -> None:
        """Counts a request before it goes out.

        Args:
            inference_id: the endpoint.
            tokens: estimated.
            requests: usually 1.

        Raises:
            BudgetSpentError: a limit would be passed; nothing is counted, and nothing may be sent.
        """
        with self._lock:
            spent = self._spent.get(inference_id) or Spent()
            self._refuse(inference_id, tokens, requests)
            spent.requests += requests
            spent.tokens += tokens
            spent.estimated += tokens
            self._spent[inference_id] = spent

    def correct(self, inference_id: str, estimated: int, tokens: int) -> None:
        """Puts what a request really cost in the place of its estimate."""
        with self._lock:
            spent = self._spent[inference_id]
            spent.tokens += tokens - estimated
            spent.estimated -= estimated

    def spent(self) -> dict[str, Spent]:
        """What each endpoint was asked so far."""
        with self._lock:
            return {
                name: Spent(one.requests, one.tokens, one.estimated, self._cost(name, one.tokens, one.requests))
                for name, one in self._spent.items()
            }

    def cost(self) -> float | None:
        """What all of it costs; None when no endpoint has a price."""
        if not self._prices:
            return None
        with self._lock:
            return self._total()

    def _refuse(self, inference_id: str, tokens: int, requests: int) -> None:
        total = sum(one.tokens for one in self._spent.values())
        if self._max_tokens is not None and total + tokens > self._max_tokens:
            raise BudgetSpentError(
                f"the limit of {self._max_tokens:,} tokens is reached: {total:,} are spent, the next request to "
                f"[{inference_id}] needs about {tokens:,}",
                hint="give a higher --max-tokens, or the same one for another share",
            )
        if self._max_cost is None:
            return
        cost = self._total()
        more = self._cost(inference_id, tokens, requests) or 0.0
        if cost + more > self._max_cost:
            raise BudgetSpentError(
                f"the limit of {self._max_cost:g} {self.currency} is reached: {cost:.4f} are spent, the next request "
                f"to [{inference_id}] costs about {more:.4f}",
                hint="give a higher --max-cost, or the same one for another share",
            )

    def _total(self) -> float:
        return sum(self._cost(name, one.tokens, one.requests) or 0.0 for name, one in self._spent.items())

    def _cost(self, inference_id: str, tokens: int, requests: int) -> float | None:
        price = self._prices.get(inference_id)
        return None if price is None else price.of(tokens, requests)
