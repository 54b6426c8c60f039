"""Retrievers of frameworks are handed a hooked client and know nothing of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from elasticsearch import Elasticsearch
from elasticsearch.helpers.vectorstore import BM25Strategy, VectorStore

import headpond
from headpond.connect import connect
from tests.hooked.conftest import DOCUMENTS, RERANK, put_ranker

RERANK_TEXT = {"response_processors": [{"rerank": {**RERANK["response_processors"][0]["rerank"], "field": "text"}}]}
TEXTS = [document["body"] for document in DOCUMENTS.values()]


@pytest.fixture
def es() -> Iterator[Elasticsearch]:
    with connect("memory") as client:
        put_ranker(client)
        # The stores make one with a similarity of their own, which the pond has not.
        client.indices.create(index="notes", mappings={"properties": {"text": {"type": "text"}}})
        yield client


def test_the_vector_store_of_the_official_client(es: Elasticsearch) -> None:
    """What LangChain's and LlamaIndex's stores are made of."""
    found = []
    for client in (es, headpond.hook(es, RERANK_TEXT)):
        store = VectorStore(
            client, index="notes", retrieval_strategy=BM25Strategy(), text_field="text", vector_field="vector"
        )
        if not found:
            store.add_texts(texts=TEXTS, ids=list(DOCUMENTS), refresh_indices=True)
        found.append([hit["_id"] for hit in store.search(query="water mill", k=2)])
    assert found == [["1", "2"], ["2", "1"]]


def test_langchains_store(es: Elasticsearch) -> None:
    langchain = pytest.importorskip(
        "langchain_elasticsearch",
        reason="langchain-elasticsearch is not installed; it wants elasticsearch 8, so: pip install --no-deps",
        exc_type=ImportError,
    )
    strategy = langchain.BM25Strategy()
    plain = langchain.ElasticsearchStore("notes", client=es, strategy=strategy)
    plain.add_texts(TEXTS, ids=list(DOCUMENTS))
    hooked = langchain.ElasticsearchStore("notes", client=headpond.hook(es, RERANK_TEXT), strategy=strategy)
    found = [
        [document.page_content for document in store.similarity_search("water mill", k=1)] for store in (plain, hooked)
    ]
    assert found == [[TEXTS[0]], [TEXTS[1]]]
