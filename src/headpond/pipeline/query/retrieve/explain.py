"""Why a fused hit has its rank: what every leg said of it, and Elasticsearch's own `_explanation`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from headpond.pipeline.query.retrieve.legs import Key
from headpond.pipeline.query.retrieve.run import Ranked
from headpond.pipeline.query.retrieve.tree import Fusion, Leaf, Reranker
from headpond.stages.response.base import as_json

Explanation = dict[str, Any]


class Explainer:
    """Explains the hits of one search.

    Args:
        ranked: what was found.
        target: the target's own explanations, by leaf and hit.
    """

    def __init__(self, ranked: Ranked, target: Mapping[tuple[str, Key], Explanation]) -> None:
        self._ranked = ranked
        self._target = target
        self._places: dict[int, dict[Key, int]] = {}

    def legs(self, key: Key) -> list[dict[str, Any]]:
        """What each leg below the top said of a hit.

        Returns:
            `[{"leg", "rank", "score", "contribution"}]` for the legs that have it: its name, the place in it (from 1),
            the score there, and what that added to the score above (only where scores are added). A leg that was
            computed itself has `legs` too.
        """
        return self._legs(self._ranked, key)

    def explanation(self, key: Key) -> Explanation:
        """The score in the form of Elasticsearch's `_explanation`."""
        found = self._explanation(self._ranked, key)
        return {"value": 0.0, "description": "no match", "details": []} if found is None else found

    def _at(self, ranked: Ranked) -> dict[Key, int]:
        """The places of the hits of a leg, from 0."""
        places = self._places.get(id(ranked))
        if places is None:
            places = self._places[id(ranked)] = {key: place for place, (key, _) in enumerate(ranked.pairs)}
        return places

    def _shares(self, ranked: Ranked, key: Key) -> list[float | None]:
        """What each child added to the score; None where nothing is added, or the child could not be run."""
        shares: list[float | None] = [None] * len(ranked.below)
        if ranked.fusion is not None:
            row = ranked.fusion.contributions[self._row(ranked, key)]
            run = [place for place, leg in enumerate(ranked.below) if leg is not None]
            for place, share in zip(run, row, strict=True):
                shares[place] = as_json(share)
        return shares

    def _row(self, ranked: Ranked, key: Key) -> int:
        # A least score cuts the end off, so places in the list are those in the fusion.
        return self._at(ranked)[key]

    def _legs(self, ranked: Ranked, key: Key) -> list[dict[str, Any]]:
        said = []
        for leg, share in zip(ranked.below, self._shares(ranked, key), strict=True):
            place = None if leg is None else self._at(leg).get(key)
            if leg is None or place is None:
                continue
            score = leg.pairs[place][1]
            one: dict[str, Any] = {"leg": leg.tree.name, "rank": place + 1}
            one["score"] = None if np.isnan(score) else as_json(score)
            if share is not None:
                one["contribution"] = share
            if leg.below:
                one["legs"] = self._legs(leg, key)
            said.append(one)
        return said

    def _explanation(self, ranked: Ranked | None, key: Key) -> Explanation | None:
        place = None if ranked is None else self._at(ranked).get(key)
        if ranked is None or place is None:
            return None
        score = as_json(ranked.pairs[place][1])
        tree = ranked.tree
        if isinstance(tree, Leaf):
            own = self._target.get((tree.name, key))
            return own or {"value": score, "description": f"score of [{tree.name}]", "details": []}
        below = [self._explanation(leg, key) for leg in ranked.below]
        if isinstance(tree, Fusion):
            ranks = [0 if leg is None else self._at(leg).get(key, -1) + 1 for leg in ranked.below]
            if tree.kind == "rrf":
                return _rrf(tree, score, ranks, below)
            return _linear(tree, score, self._shares(ranked, key), ranks, below)
        return {
            "value": score,
            "description": _description(tree, place + 1, score),
            "details": [detail for detail in below if detail is not None],
        }


def _rrf(tree: Fusion, score: float, ranks: list[int], below: list[Explanation | None]) -> Explanation:
    """As Elasticsearch's `RRFRankDoc` says it; weights, which that text does not know, are said too."""
    constant, details = tree.rank_constant, []
    for index, (rank, weight, detail) in enumerate(zip(ranks, tree.weights, below, strict=True)):
        query = _query(tree, index)
        if not rank or detail is None:
            details.append(_none(f"rrf score: [0], result not found in query {query}"))
            continue
        share = as_json(np.float32(weight) / np.float32(rank + constant))
        formula = f"1 / ({rank} + {constant})" if weight == 1 else f"{weight} * 1 / ({rank} + {constant})"
        text = f"rrf score: [{share}], for rank [{rank}] in query {query} computed as [{formula}], "
        details.append({"value": rank, "description": text + "for matching query with score", "details": [detail]})
    text = f"rrf score: [{score}] computed for initial ranks {ranks} with rankConstant: [{constant}] as sum of "
    part = "1" if set(tree.weights) == {1.0} else "weight"
    description = text + f"[{part} / (rank + rankConstant)] for each query"
    return {"value": score, "description": description, "details": details}


def _linear(
    tree: Fusion, score: float, shares: list[float | None], ranks: list[int], below: list[Explanation | None]
) -> Explanation:
    """As Elasticsearch's `LinearRankDoc` says it."""
    scaled = [
        0.0 if share is None or not weight else as_json(np.float32(share) / np.float32(weight))
        for share, weight in zip(shares, tree.weights, strict=True)
    ]
    details = []
    for index, detail in enumerate(below):
        query, weight = _query(tree, index), tree.weights[index]
        if not ranks[index] or detail is None or not scaled[index] > 0:
            details.append(_none(f"weighted score: [0], result not found in query {query}"))
            continue
        text = f"weighted score: [{shares[index]}] in query {query} computed as [{weight} * {scaled[index]}] "
        text += f"using score normalizer [{tree.normalizers[index]}] for original matching query with score:"
        details.append({"value": shares[index], "description": text, "details": [detail]})
    description = (
        f"weighted linear combination score: [{score}] computed for normalized scores {scaled} "
        f"and weights {list(tree.weights)} as sum of (weight[i] * score[i]) for each query."
    )
    return {"value": score, "description": description, "details": details}


def _query(tree: Fusion, index: int) -> str:
    label = tree.children[index].label
    return f"at index [{index}]" + (f" [{label}]" if label else "")


def _none(description: str) -> Explanation:
    return {"value": 0, "description": description, "details": []}


def _description(tree: Any, rank: int, score: float) -> str:
    text = f"rank after [{tree.kind}]: [{rank}] with score: [{score}]"
    if isinstance(tree, Reranker):
        text += f", using inference endpoint: [{tree.options['inference_id']}] on document field: "
        text += f"[{tree.options['field']}]"
    return text
