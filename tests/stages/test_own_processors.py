"""What Elasticsearch's own processors answered is what these answer; see `own_processors/`."""

from __future__ import annotations

import json
from collections import Counter
from copy import deepcopy
from typing import Any

import pytest

from headpond.errors import RestError
from headpond.node.ingest.reading import parse
from headpond.stages.ingest.base import Context
from headpond.stages.record import Record, timestamp
from tests.stages.chains import Lengths
from tests.stages.own_processors.questions import Question, questions
from tests.stages.own_processors.record import ANSWERS, METADATA, shortened

ASKED = list(zip(questions(), ANSWERS.read_text().splitlines(), strict=True))


def name_of(question: Question) -> str:
    ((name, options),) = question[0]["processors"][0].items()
    return f"{name} {json.dumps(options, ensure_ascii=False)}"


@pytest.mark.parametrize(("question", "answer"), ASKED, ids=[name_of(question) for question, _ in ASKED])
def test_the_answers_are_the_same(question: Question, answer: str) -> None:
    pipeline, docs = question
    wanted, found = json.loads(answer), shortened(ours(pipeline, docs), docs)
    if isinstance(wanted, list):
        assert found[0] == wanted[0], found
        return
    for doc, theirs, own in zip(docs, wanted["docs"], found["docs"], strict=True):
        if isinstance(theirs, list) and isinstance(own, list) and LATER.get((theirs[0], own[0])):
            continue
        assert json.dumps(own, sort_keys=True) == json.dumps(theirs, sort_keys=True), doc


LATER = {
    ("script_exception", "script_exception"): "the texts name Painless's inner classes",
    ("null_pointer_exception", "illegal_argument_exception"): "later versions say which field",
    ("class_cast_exception", "class_cast_exception"): "the text depends on how Java sorts",
}
"""Pairs of errors whose texts need not be the same, and why."""


def test_the_questions_are_many() -> None:
    asked = Counter(next(iter(pipeline["processors"][0])) for (pipeline, _), _ in ASKED)
    assert len(asked) >= 18
    assert sum(len(docs) for (_, docs), _ in ASKED) > 3000


def ours(pipeline: dict[str, Any], docs: list[dict[str, Any]]) -> Any:
    """What the processors here make of it, in the shape of the recorder's."""
    try:
        ready = parse("_simulate_pipeline", pipeline)
    except RestError as error:
        return {"error": {"type": error.type, "reason": error.reason}}
    records = [Record(deepcopy(doc), "_id", metadata=dict(METADATA), ingest={"timestamp": timestamp()}) for doc in docs]
    for record in records:
        del record.metadata["_type"]
    ready.run(records, Context(Lengths()))
    return {"docs": [_shown(record) for record in records]}


def _shown(record: Record) -> dict[str, Any]:
    if record.failure is not None:
        assert record.failure.cause is not None
        return {"error": {"type": record.failure.cause.type, "reason": record.failure.cause.reason}}
    return {"doc": {**record.document, **record.metadata}}
