"""A search function that only knows the official client gets reranked hits, without a change to it."""

import tempfile
from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch
from elasticsearch.dsl import Search

import headpond

PIPELINE = """
endpoints:
  ranker:
    task_type: rerank
    service: elasticsearch
    service_settings: {model_id: all-minilm-l6-v2, num_allocations: 1, num_threads: 1}
response_processors:
  - rerank: {inference_id: ranker, field: text, window: 50, deadline: 30s}
"""


def search(es: Elasticsearch, words: str) -> list[str]:
    """Somebody else's code."""
    hits = es.search(index="notes", query={"match": {"text": words}}, size=1)["hits"]["hits"]
    return [hit["_source"]["text"] for hit in hits]


def shout(hits: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A stage of one's own."""
    return [{**hit, "_source": {"text": hit["_source"]["text"].upper()}} for hit in hits]


with headpond.connect("memory") as es, tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "reranked.yaml"
    file.write_text(PIPELINE)
    headpond.load(file, client=es).apply()
    for text in ("the bank of the river, the river bank, the bank", "the bank raised its interest rates on loans"):
        es.index(index="notes", document={"text": text})
    es.indices.refresh(index="notes")

    question = "borrow money from a bank"
    plain, reranked = search(es, question), search(headpond.hook(es, file), question)
    print("plain:   ", plain)
    print("reranked:", reranked)
    assert reranked == ["the bank raised its interest rates on loans"]

    hooked = headpond.hook(es, file, stages=[shout])
    first = Search(using=hooked, index="notes").query("match", text=question).execute()[0]
    print("dsl:     ", first.text)
    assert first.text == "THE BANK RAISED ITS INTEREST RATES ON LOANS"
