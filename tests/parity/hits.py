"""Reads what a test says in words out of a search answer."""

from __future__ import annotations

from typing import Any


def ids(answer: Any) -> list[str]:
    """The ids of the hits, in order."""
    return [hit["_id"] for hit in answer["hits"]["hits"]]


def scores(answer: Any) -> dict[str, float]:
    """The score of each hit by its id."""
    return {hit["_id"]: hit["_score"] for hit in answer["hits"]["hits"]}


def total(answer: Any) -> int:
    """How many documents matched."""
    return int(answer["hits"]["total"]["value"])
