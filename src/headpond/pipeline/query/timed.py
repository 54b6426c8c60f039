"""Searches that keep a deadline: the target is told, and is not waited for any longer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from elastic_transport import ConnectionTimeout
from elasticsearch import Elasticsearch

from headpond.errors import TargetError
from headpond.inference.duration import format_duration, parse_duration
from headpond.pipeline.query.searches import Answer, Body, Searches
from headpond.stages.deadline import Deadline

TOLD = 0.9
"""Share of the time that the target is told to have, so that its answer still comes in time."""


@runtime_checkable
class Patient(Searches, Protocol):
    """Searches that can be told how long to wait."""

    def within(self, seconds: float) -> Searches:
        """The same, not waited for any longer."""


@dataclass(frozen=True, slots=True)
class Timed:
    """Searches within a deadline.

    Elasticsearch's `timeout` ends a search at the next occasion and answers with the hits found so far and
    `timed_out: true`. When no answer comes either, there is nothing to be ranked and the search fails.

    Args:
        searches: where to search.
        deadline: of the whole search.
    """

    searches: Searches
    deadline: Deadline

    @property
    def client(self) -> Elasticsearch:
        """Of the target."""
        return self.searches.client

    @property
    def index(self) -> str:
        """Where it searches."""
        return self.searches.index

    def one(self, body: Body) -> Answer:
        """The answer to a search.

        Raises:
            TargetError: none came in time.
        """
        left = self._left()
        try:
            return self._within(left).one(_told(body, left))
        except ConnectionTimeout as error:
            raise self._late() from error

    def many(self, bodies: Sequence[Body]) -> list[Answer]:
        """The answers to several searches, in one `_msearch`; raises as `one`."""
        left = self._left()
        try:
            return self._within(left).many([_told(body, left) for body in bodies])
        except ConnectionTimeout as error:
            raise self._late() from error

    def _left(self) -> float:
        left = self.deadline.left
        if left <= 0:
            raise self._late()
        return left

    def _within(self, seconds: float) -> Searches:
        return self.searches.within(seconds) if isinstance(self.searches, Patient) else self.searches

    def _late(self) -> TargetError:
        whole = format_duration(round(self.deadline.at - self.deadline.started, 3))
        return TargetError(
            f"the search had no answer within its deadline of {whole}",
            hint="give it more time: `deadline` in the pipeline's file, or of the search",
            transient=True,
        )


def timed(searches: Searches, deadline: Deadline) -> Searches:
    """The searches, within a deadline where there is one."""
    return searches if math.isinf(deadline.at) else Timed(searches, deadline)


def _told(body: Body, left: float) -> Body:
    """A body with the `timeout`, unless it has a shorter one of its own."""
    seconds = left * TOLD
    own = body.get("timeout")
    if isinstance(own, str):
        try:
            if 0 <= parse_duration(own, "timeout") <= seconds:
                return body
        except ValueError:
            return body  # the target says what is wrong with it
    return {**body, "timeout": f"{max(1, int(seconds * 1000))}ms"}
