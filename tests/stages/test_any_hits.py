"""Whatever hits look like, a response processor gives hits back, none twice, and says what it could not do."""

from __future__ import annotations

import random
from copy import deepcopy
from typing import Any

import orjson
import pytest

from headpond.stages.response import RESPONSE_PROCESSORS
from headpond.stages.response.base import Results
from tests.stages.hits import Endpoints

OPTIONS: dict[str, list[dict[str, Any]]] = {
    "best_chunk": [{"field": ["body", "title"], "highlight": {}}, {"field": "p.text", "inference_id": "e"}],
    "collapse": [{"field": "body"}, {"field": "p.text"}, {"field": "_index"}],
    "completion": [{"inference_id": "c", "field": ["title", "body"]}],
    "diversify": [{"field": "v"}, {"text_field": ["title", "body"]}, {"text_field": "body", "inference_id": "e"}],
    "rename_field": [{"field": "body", "target_field": "title"}, {"field": "p", "target_field": "body.text"}],
    "rerank": [
        {"inference_id": "r", "field": ["title", "body"], "weight": 0.5, "window": 3},
        {"inference_id": "r", "template": "{{title}} {{p.0.text}}", "window": "auto", "min_score": 2},
        {"inference_id": "r", "field": "p.text", "chunk_rescorer": {"size": 2}, "top_n": 2},
    ],
    "sort": [{"field": "body"}, {"field": "v", "target_field": "p.text"}, {"by": ["body", {"v": "desc"}, "_score"]}],
    "truncate_hits": [{"target_size": 3}, {}],
}
REMOVES = {"collapse", "rerank", "truncate_hits"}
VALUES: list[Any] = [
    None, 1, -2.5, True, "", "  ", "a mill", "The wheel of a mill turns. " * 30, "\x00\x01", "M\ud800hle",
    "日本語のテキスト",
    [], ["a", "b"], [1.0, 2.0], [0.0, 0.0], [1, 2, 3], ["a", 1, None], [{"text": "a mill"}, {"text": None}, 3],
    {"text": "x"}, {"text": {"deep": [1]}}, [[1], [2]], float(2**70),
]  # fmt: skip


def any_hit(chance: random.Random, place: int) -> dict[str, Any]:
    """A hit with fields of any kind, as an index without a mapping may hold them."""
    names = chance.sample(["title", "body", "p", "v", "p.text"], chance.randint(0, 5))
    hit: dict[str, Any] = {"_index": "i", "_id": str(place), "_score": chance.choice([None, 0.0, -1.0, 1.5, 3e38])}
    if chance.random() < 0.9:
        hit["_source"] = chance.choice([{name: deepcopy(chance.choice(VALUES)) for name in names}, {}, None])
    if chance.random() < 0.3:
        hit["fields"] = {name: [deepcopy(chance.choice(VALUES))] for name in names}
    if chance.random() < 0.2:
        hit["highlight"] = {name: ["The wheel of a mill turns.", ""] for name in names}
    if chance.random() < 0.2:
        inner = {
            "_nested": {"field": "p", "offset": 0},
            "_score": 1.0,
            "_source": chance.choice([{"text": "a"}, {}, None]),
        }
        hit["inner_hits"] = {"p": {"hits": {"hits": [inner]}}}
    return hit


def test_there_are_options_for_every_processor() -> None:
    assert OPTIONS.keys() == set(RESPONSE_PROCESSORS)


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("query", ["the wheel of a mill", "M\ud800hle", "  ", None])
def test_any_hits_come_back(name: str, query: str | None) -> None:
    chance = random.Random(f"{name} {query!r}")
    kind = RESPONSE_PROCESSORS.get(name)
    for options in OPTIONS[name]:
        stage = kind(kind.Spec.model_validate(options), name)
        for _ in range(60):
            hits = [any_hit(chance, place) for place in range(chance.randint(0, 7))]
            sources = deepcopy([hit.get("_source") for hit in hits])
            endpoints = Endpoints(
                score=lambda text: float(len(text) % 5),
                vector=lambda text: [float(len(text)), 1.0],
                write=lambda prompt: "[1] " + prompt[:40],
            )
            results = Results(list(hits), query, endpoints, size=5)
            before = [hit.get("_source") for hit in hits]
            stage.process(results)
            ids = [hit["_id"] for hit in results.hits]
            assert len(ids) == len(set(ids))
            assert set(ids) <= {hit["_id"] for hit in hits}
            if name not in REMOVES:
                assert len(ids) == len(hits)
            assert before == sources  # what the caller handed over is not changed in place
            sent = [*endpoints.texts, *endpoints.prompts]
            assert orjson.dumps(sent)
