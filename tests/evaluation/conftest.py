"""A small judged collection on a pond in memory, whose endpoints the fake service serves."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from elasticsearch import Elasticsearch

from headpond.pipeline import Pipeline
from tests.pipeline.pipelines import SETTINGS, pipeline, standard

WORDS = [
    *("river", "wheel", "mill", "dam", "water", "turbine", "cat", "dog", "house", "bridge"),
    *("stone", "field", "grain", "flour", "power", "sleep", "day", "night", "forest", "boat"),
]
QUERIES = 24


@dataclass(frozen=True)
class Collection:
    """Documents, queries and judgments; a document is relevant when it holds both words of a query."""

    documents: list[dict[str, Any]]
    queries: dict[str, str]
    qrels: dict[str, dict[str, int]]

    def write(self, folder: Path) -> None:
        """Files in BEIR's layout."""
        with (folder / "docs.jsonl").open("w") as file:
            file.writelines(json.dumps(one) + "\n" for one in self.documents)
        with (folder / "queries.jsonl").open("w") as file:
            file.writelines(json.dumps({"_id": id, "text": text}) + "\n" for id, text in self.queries.items())
        with (folder / "qrels.tsv").open("w") as file:
            file.write("query-id\tcorpus-id\tscore\n")
            for query, grades in self.qrels.items():
                file.writelines(f"{query}\t{document}\t{grade}\n" for document, grade in grades.items())


def made() -> Collection:
    draw = random.Random(1)
    documents = [{"_id": f"d{at}", "title": "t", "body": " ".join(draw.choices(WORDS, k=12))} for at in range(60)]
    queries = {f"q{at}": " ".join(draw.sample(WORDS, 2)) for at in range(QUERIES)}
    qrels: dict[str, dict[str, int]] = {}
    for id, text in queries.items():
        one, other = text.split()
        for document in documents:
            words = document["body"].split()
            grade = int(one in words and other in words) * min(3, words.count(one) + words.count(other) - 1)
            qrels.setdefault(id, {})[document["_id"]] = grade
    return Collection(documents, queries, qrels)


@pytest.fixture(scope="session")
def collection() -> Collection:
    return made()


@pytest.fixture(autouse=True)
def in_its_folder(folder: Path) -> None:
    """Everything that a test writes stays in its own folder."""


@pytest.fixture
def hybrid(es: Elasticsearch, collection: Collection) -> Pipeline:
    """Three legs, rrf, and a rerank of all hits, with the collection indexed."""
    made = pipeline(es, **changes())
    made.ingest(collection.documents, settings=SETTINGS)
    return made


@pytest.fixture
def words(es: Elasticsearch, hybrid: Pipeline) -> Pipeline:
    """BM25 alone, on the same index."""
    leg = hybrid.spec.file.search["retriever"]["rrf"]["retrievers"][0]
    return pipeline(es, search={"retriever": leg}, response_processors=[])


def changes() -> dict[str, Any]:
    """What the hybrid pipeline has beside the standard one."""
    search = standard()["search"]
    search["retriever"]["rrf"]["rank_window_size"] = 40
    return {"search": search, "prices": {"order": {"per_million_tokens": 2.0}}}


def write_pipelines(folder: Path) -> None:
    """`hybrid.yaml` and `words.yaml`, for the command."""
    whole = {**standard(), **changes()}
    leg = whole["search"]["retriever"]["rrf"]["retrievers"][0]
    alone = {**whole, "search": {"retriever": leg}, "response_processors": []}
    for name, data in (("hybrid", whole), ("words", alone)):
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(data, sort_keys=False))
