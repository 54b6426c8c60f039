"""Why the pond's lexical index is its own: tantivy's scores and the cost of a set of matches, beside Elasticsearch's.

Needs `pip install tantivy`. Lucene counts only the documents that have a field (its number of documents, its average
length); tantivy counts all. Both must be right for a ranking to move unchanged between the pond and a cluster.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable

import tantivy
from elasticsearch import Elasticsearch
from elasticsearch.helpers import bulk

from benchmarks import report
from headpond.connect import connect

DOCS, WORDS, LENGTH = 100_000, 5_000, 20


def corpus() -> list[str | None]:
    """Documents of 20 words; every second one lacks the field, as optional fields and mixed indices do."""
    rng = random.Random(7)
    words = [f"w{i}" for i in range(WORDS)]
    return [" ".join(["all", *rng.choices(words, k=LENGTH)]) if i % 2 == 0 else None for i in range(DOCS)]


def tantivy_index(docs: list[str | None]) -> tantivy.Index:
    schema = tantivy.SchemaBuilder()
    schema.add_text_field("body", tokenizer_name="whitespace")
    schema.add_unsigned_field("ord", fast=True, stored=True)
    index = tantivy.Index(schema.build())
    writer = index.writer(50_000_000, 1)
    for ordinal, text in enumerate(docs):
        document = tantivy.Document()
        document.add_unsigned("ord", ordinal)
        if text is not None:
            document.add_text("body", text)
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    return index


def pond_index(docs: list[str | None]) -> Elasticsearch:
    client = connect("memory")
    client.indices.create(index="docs", mappings={"properties": {"body": {"type": "text", "analyzer": "whitespace"}}})
    actions = ({"_index": "docs", "_id": str(i), "_source": {"body": t} if t else {}} for i, t in enumerate(docs))
    bulk(client, actions, chunk_size=5_000)
    client.indices.refresh(index="docs")
    return client


def best_ms(work: Callable[[], object], repeat: int = 7) -> float:
    times = []
    for _ in range(repeat):
        started = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - started))
    return statistics.median(times)


def main() -> None:
    docs = corpus()
    index, client = tantivy_index(docs), pond_index(docs)
    searcher = index.searcher()
    rows = []
    for term in ("w17", "all"):
        query = tantivy.Query.term_query(index.schema, "body", term)
        top = searcher.search(query, 1).hits[0][0]  # both keep the constant factor k1 + 1, as Elasticsearch does
        ours = client.search(index="docs", query={"match": {"body": term}}, size=1)["hits"]["max_score"]

        def collect(query: tantivy.Query = query) -> object:
            hits = searcher.search(query, DOCS).hits
            return searcher.fast_field_values("ord", [address for _, address in hits])

        def search(term: str = term) -> object:
            return client.search(index="docs", query={"match": {"body": term}}, size=10, source=False)

        rows.append(
            {
                "term": term,
                "matches": searcher.search(query, 1, count=True).count,
                "tantivy score": top,
                "pond score (Lucene's)": ours,
                "ratio": top / ours,
                "tantivy: all matches, ms": best_ms(collect),
                "pond: whole search, ms": best_ms(search),
            }
        )
    report.write(
        "lexical_engine",
        rows,
        about=f"{DOCS:,} documents, half of them without the field: scores and the time to get a set of matches",
        packages=["tantivy", "numpy", "headpond"],
    )
