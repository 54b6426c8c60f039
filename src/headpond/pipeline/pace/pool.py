"""Texts that wait to be sent, and the requests that are made of them."""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Callable, Iterable
from dataclasses import dataclass

_Text = tuple[int, str]
_WORTH = 1.03
"""Times the fewest requests that sorting by length may cost."""


@dataclass(frozen=True, slots=True)
class _Group:
    """What is left of the texts of one call of `add`.

    Attributes:
        window: the number of the window they are in.
        texts: in the order in which they are taken.
    """

    window: int
    texts: list[_Text]


class Pool:
    """Texts of several windows and fields, taken out in requests that are as full as the limits allow.

    The texts of one call of `add` are sorted by length, so that texts of like length go together, which spares models
    padding. Where this would cost requests (a few long texts fill one, and there are too many short ones for the rest)
    long and short ones are mixed. Those of the earliest window go first, so that none waits for ever and windows come
    back in the order they are written in. What is left of one window is sent together with the next one's.

    Args:
        inputs: texts in a request at most.
        tokens: tokens in a request at most; a longer text goes alone.
        measure: tokens of a text.
    """

    def __init__(self, inputs: int, tokens: int, measure: Callable[[str], int]) -> None:
        self._inputs = inputs
        self._tokens = tokens
        self._measure = measure
        self._groups: list[_Group] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, texts: Iterable[str], window: int = 0) -> None:
        """Adds texts, longest first.

        Args:
            texts: to be sent.
            window: the number of the window they are in.
        """
        group = sorted(((self._measure(text), text) for text in texts), key=_size, reverse=True)
        if group:
            insort(self._groups, _Group(window, self._ordered(group)), key=_window)
            self._count += len(group)

    def take(self, *, partial: bool) -> list[str]:
        """The texts of the next request; empty when there is none.

        Args:
            partial: whether a request may go out to which a later text could still be added.
        """
        batch: list[str] = []
        room = self._tokens
        kept: list[_Group] = []
        passed_over = False
        for group in self._groups:
            if len(batch) == self._inputs:
                kept.append(group)
                continue
            rest: list[_Text] = []
            for place, (size, text) in enumerate(group.texts):
                if len(batch) == self._inputs:
                    rest += group.texts[place:]
                    break
                if size <= room or not batch:
                    batch.append(text)
                    room -= size
                else:
                    rest.append((size, text))
                    passed_over = True
            if rest:
                kept.append(_Group(group.window, rest))
        full = passed_over or len(batch) == self._inputs or room <= 0
        if not (full or partial):
            return []
        self._groups = kept
        self._count -= len(batch)
        return batch

    def clear(self) -> list[str]:
        """Takes everything out."""
        texts = [text for group in self._groups for _, text in group.texts]
        self._groups.clear()
        self._count = 0
        return texts

    def _ordered(self, group: list[_Text]) -> list[_Text]:
        fewest = max(len(group) / self._inputs, sum(map(_size, group)) / self._tokens)
        if self._in_runs(group) <= _WORTH * fewest:
            return group
        piles = math.ceil(fewest)
        return [entry for begin in range(piles) for entry in group[begin::piles]]

    def _in_runs(self, group: list[_Text]) -> float:
        """Requests that texts take in this order; what the last one is filled to counts as a part of one."""
        runs, count, size = 0, 0, 0
        for one, _ in group:
            if count and (count == self._inputs or size + one > self._tokens):
                runs, count, size = runs + 1, 0, 0
            count, size = count + 1, size + one
        return runs + max(count / self._inputs, min(1.0, size / self._tokens))


def _size(entry: _Text) -> int:
    return entry[0]


def _window(group: _Group) -> int:
    return group.window
