"""A real judged collection: what is measured is what others measured on it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

import headpond
from headpond.pipeline import Pipeline
from headpond.pipeline.load import from_dict
from tests.pipeline.pipelines import SETTINGS

REPOSITORY = Path(__file__).parents[2]
DATA = Path(os.environ.get("HEADPOND_TEST_COLLECTIONS") or REPOSITORY.parent / "shared" / "data")
WORDS: dict[str, Any] = {
    "index": {"mapping": "lexical"},
    "search": {"query": {"multi_match": {"query": "{{query}}", "fields": ["title", "body"], "type": "most_fields"}}},
}


@pytest.mark.parametrize(
    ("name", "queries", "value"),
    # nDCG@10 of BM25 with Porter's stemmer, measured with another implementation of both: 0.375 and 0.472.
    [("cranfield", 225, 0.375), ("cacm", 52, 0.472)],
)
def test_bm25_scores_what_it_scores_elsewhere(name: str, queries: int, value: float, es: Elasticsearch) -> None:
    folder = DATA / name
    if not folder.is_dir():
        pytest.skip(f"the collection {name} is not in {DATA} (set HEADPOND_TEST_COLLECTIONS)")
    lines = map(json.loads, (folder / "corpus.jsonl").read_text().splitlines())
    documents = [{"_id": one["_id"], "title": one.get("title", ""), "body": one["text"]} for one in lines]
    words = Pipeline(from_dict(WORDS, name="words"), es)
    words.ingest(documents, settings=SETTINGS)
    found = headpond.evaluate(words, folder / "queries.jsonl", folder / "qrels.tsv", metrics="nDCG@10")
    assert len(found.queries) == queries
    assert found.value("nDCG@10").mean == pytest.approx(value, abs=0.015)
    assert found.value("nDCG@10").low < value < found.value("nDCG@10").high
