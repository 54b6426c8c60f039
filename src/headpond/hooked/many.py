"""The searches of an `_msearch` on their way through pipelines."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from elasticsearch import ApiError, Elasticsearch

from headpond.errors import HeadpondError
from headpond.hooked.door import Door
from headpond.hooked.meeting import Meeting, Pair
from headpond.hooked.one import One, Passage, failed
from headpond.hooked.searches import raise_mistake
from headpond.hooked.url import joined
from headpond.pipeline.query.searcher import Searcher
from headpond.pipeline.query.searches import Answer, Body

MOST_AT_ONCE = 16
"""Searches that are prepared or ranked at the same time; fewer than the inference calls that may be under way."""

MOST_IN_A_MEETING = 256
"""Searches that travel together; each that passes through a pipeline has a thread."""


@dataclass(frozen=True, slots=True)
class Item:
    """One of the searches.

    Attributes:
        header: its header line.
        index: its index expression; `_all` where it has none.
        one: the search.
        problem: the answer to a search that cannot be sent; None for others.
    """

    header: Body
    index: str
    one: One
    problem: Answer | None = None


@dataclass(frozen=True, slots=True)
class _Member:
    """The `Searches` of one search in a meeting."""

    client: Elasticsearch
    index: str
    door: Door
    meeting: Meeting
    place: int
    header: Body

    def one(self, body: Body) -> Answer:
        answer = self.meeting.ask(self.place, [(self.header, body)])[0]
        raise_mistake(answer, self.door.meta, alone=True)
        return answer

    def many(self, bodies: Sequence[Body]) -> list[Answer]:
        answers = self.meeting.ask(self.place, [(self.header, body) for body in bodies])
        for answer in answers:
            raise_mistake(answer, self.door.meta)
        return answers


def run(items: Sequence[Item], client: Elasticsearch, door: Door, path: str, params: dict[str, str]) -> Answer:
    """The answer to all of them, in their order.

    Args:
        items: the searches.
        client: of the target, for what searches have to look up.
        door: sends them.
        path: of the request.
        params: of the request.

    Raises:
        ApiError, TransportError: the target takes none of them.
    """
    started = time.monotonic()

    def send(pairs: list[Pair]) -> list[Answer]:
        lines = [line for pair in pairs for line in pair]
        answers: list[Answer] = door.ask("POST", joined(path, params), lines, lines=True)["responses"]
        return answers

    answers: list[Answer] = []
    for first in range(0, len(items), MOST_IN_A_MEETING):
        answers += _Session(items[first : first + MOST_IN_A_MEETING], client, door).run(send)
    return {"took": round((time.monotonic() - started) * 1000), "responses": answers}


class _Session:
    """The searches of one meeting."""

    def __init__(self, items: Sequence[Item], client: Elasticsearch, door: Door) -> None:
        self._items = items
        self._client = client
        self._door = door
        self._answers: dict[int, Answer] = {}
        self._refusal: ApiError | None = None
        self._broken: BaseException | None = None

    def run(self, send: Callable[[list[Pair]], list[Answer]]) -> list[Answer]:
        """The answers; raises what concerns all of them."""

        def sent(pairs: list[Pair]) -> list[Answer]:
            try:
                return send(pairs)
            except ApiError as error:
                self._refusal = error
                raise

        others: list[int] = []
        work: list[Callable[[Meeting], None]] = []
        for place, item in enumerate(self._items):
            if item.problem is not None:
                self._answers[place] = item.problem
            elif item.one.searcher is None:
                others.append(place)
            else:
                work.append(partial(self._pass, place, item, item.one.searcher))
        if others:
            work.append(partial(self._send, others))
        meeting = Meeting(len(work), sent, MOST_AT_ONCE)
        threads = [
            threading.Thread(target=self._work, args=(meeting, one), daemon=True, name="headpond-msearch")
            for one in work[1:]
        ]
        for thread in threads:
            thread.start()
        for one in work[:1]:
            self._work(meeting, one)
        for thread in threads:
            thread.join()
        if self._broken is not None:
            raise self._broken
        return [self._answers[place] for place in range(len(self._items))]

    def _work(self, meeting: Meeting, work: Callable[[Meeting], None]) -> None:
        meeting.enter()
        try:
            work(meeting)
        except BaseException as error:  # raised again where everybody has come back
            self._broken = error
        finally:
            meeting.leave()

    def _send(self, places: Sequence[int], meeting: Meeting) -> None:
        pairs = [(self._items[place].header, self._items[place].one.body) for place in places]
        self._answers |= dict(zip(places, meeting.ask(places[0], pairs), strict=True))

    def _pass(self, place: int, item: Item, searcher: Searcher, meeting: Meeting) -> None:
        member = _Member(self._client, item.index, self._door, meeting, place, item.header)
        try:
            passage = Passage.begin(searcher, item.one.body)
            answer = passage.finish(passage.retrieve(member))
        except ApiError as error:
            if error is self._refusal:
                raise
            self._answers[place] = dict(error.body)
        except HeadpondError as error:
            self._answers[place] = failed(error)
        else:
            self._answers[place] = {**answer, "status": 200}
