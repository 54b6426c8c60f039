"""The hook: any client's searches pass through a pipeline's response processors."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch, NotFoundError

import headpond

PIPELINE = """
response_processors:
  - rerank: {inference_id: ranker, field: body, window: 10, deadline: 60s}
"""
DOCUMENTS = {
    "1": "water water water water flows down",
    "2": "a mill is driven by water",
    "3": "bread needs salt",
}
QUERY = {"match": {"body": "water mill"}}


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    file = tmp_path / "reranked.yaml"
    file.write_text(PIPELINE)
    return file


@pytest.fixture
def es() -> Iterator[Elasticsearch]:
    with headpond.connect("memory") as client:
        client.inference.put(
            task_type="rerank", inference_id="ranker", inference_config={"service": "fake", "service_settings": {}}
        )
        for key, body in DOCUMENTS.items():
            client.index(index="docs", id=key, document={"body": body})
        client.indices.refresh(index="docs")
        yield client


def test_a_hooked_client_is_of_the_same_class_and_reranks(es: Elasticsearch, pipeline: Path) -> None:
    hooked = headpond.hook(es, pipeline)
    assert type(hooked) is type(es)
    hits = hooked.search(index="docs", query=QUERY)["hits"]["hits"]
    assert [hit["_id"] for hit in hits] == ["2", "1"]
    assert {hit["_headpond"]["rank_before"] for hit in hits} == {1, 2}


def test_the_original_client_stays_as_it_was(es: Elasticsearch, pipeline: Path) -> None:
    headpond.hook(es, pipeline)
    assert "_headpond" not in es.search(index="docs", query=QUERY)["hits"]["hits"][0]


def test_a_hit_below_the_page_may_rise_into_it(es: Elasticsearch, pipeline: Path) -> None:
    for key in range(4, 8):
        es.index(index="docs", id=str(key), document={"body": "water"})
    es.indices.refresh(index="docs")
    query = {"match": {"body": {"query": "water mill", "operator": "or"}}}
    body = {"bool": {"should": [query], "must_not": []}}
    hits = headpond.hook(es, pipeline).search(index="docs", query=body, size=1)["hits"]["hits"]
    assert [hit["_id"] for hit in hits] == ["2"]


def test_every_search_of_an_msearch_is_reranked(es: Elasticsearch, pipeline: Path) -> None:
    searches = [{"index": "docs"}, {"query": QUERY}, {"index": "missing"}, {"query": QUERY}]
    first, second = headpond.hook(es, pipeline).msearch(searches=searches)["responses"]
    assert first["hits"]["hits"][0]["_id"] == "2"
    assert second["status"] == 404


def test_other_calls_and_errors_pass_through(es: Elasticsearch, pipeline: Path) -> None:
    hooked = headpond.hook(es, pipeline)
    assert hooked.count(index="docs")["count"] == 3
    with pytest.raises(NotFoundError):
        hooked.search(index="missing", query=QUERY)


def test_options_of_the_client_are_kept(es: Elasticsearch, pipeline: Path) -> None:
    hooked = headpond.hook(es.options(ignore_status=404), pipeline)
    assert hooked.search(index="missing", query=QUERY)["status"] == 404


def test_a_missing_endpoint_leaves_the_order_and_says_so(es: Elasticsearch, pipeline: Path) -> None:
    hooked = headpond.hook(es, pipeline)
    before = [hit["_id"] for hit in es.search(index="docs", query=QUERY)["hits"]["hits"]]
    es.inference.delete(inference_id="ranker")
    answer = hooked.search(index="docs", query=QUERY)
    assert [hit["_id"] for hit in answer["hits"]["hits"]] == before
    assert "ranker" in answer["degraded"][0]["reason"]


def test_the_async_client_is_hooked_too(pipeline: Path) -> None:
    async def search() -> list[str]:
        async with headpond.connect_async("memory") as es:
            config = {"service": "fake", "service_settings": {}}
            await es.inference.put(task_type="rerank", inference_id="ranker", inference_config=config)
            for key, body in DOCUMENTS.items():
                await es.index(index="docs", id=key, document={"body": body})
            await es.indices.refresh(index="docs")
            hooked = headpond.hook(es, pipeline)
            assert type(hooked) is type(es)
            answer = await hooked.search(index="docs", query=QUERY)
            return [hit["_id"] for hit in answer["hits"]["hits"]]

    assert asyncio.run(search()) == ["2", "1"]
