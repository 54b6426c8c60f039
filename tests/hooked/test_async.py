"""The async client: work is done in threads, and given up when its task is cancelled."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from elasticsearch import AsyncElasticsearch, NotFoundError
from elasticsearch.dsl import AsyncSearch

import headpond
from tests.hooked.conftest import DOCUMENTS, QUERY, RERANK, RRF, ids
from tests.services.provider import Provider, Reply


@asynccontextmanager
async def hooked(pipeline: Any = RERANK) -> AsyncIterator[AsyncElasticsearch]:
    async with headpond.connect_async("memory") as es:
        config = {"service": "fake", "service_settings": {}}
        await es.inference.put(task_type="rerank", inference_id="ranker", inference_config=config)
        for key, document in DOCUMENTS.items():
            await es.index(index="docs", id=key, document=document)
        await es.indices.refresh(index="docs")
        yield headpond.hook(es, pipeline)


def test_searches_of_every_kind_pass_through() -> None:
    async def search() -> list[list[str]]:
        async with hooked() as es:
            plain = await es.search(index="docs", query=QUERY)
            fused = await es.search(index="docs", retriever=RRF, size=10)
            both = await es.msearch(index="docs", searches=[{}, {"query": QUERY}, {}, {"retriever": RRF, "size": 10}])
            dsl = await AsyncSearch(using=es, index="docs").query("match", body="water mill").execute()
            with pytest.raises(NotFoundError):
                await es.search(index="missing", query=QUERY)
            found = [ids(answer) for answer in (plain, fused, *both["responses"])]
            return [*found, [hit.meta.id for hit in dsl]]

    assert asyncio.run(search()) == 5 * [["2", "1"]]


def test_many_searches_at_once_do_not_wait_for_each_others_threads() -> None:
    async def search() -> set[tuple[str, ...]]:
        async with hooked() as es:
            answers = await asyncio.gather(*(es.search(index="docs", query=QUERY) for _ in range(100)))
            return {tuple(ids(answer)) for answer in answers}

    assert asyncio.run(search()) == {("2", "1")}


def test_a_cancelled_search_ends_its_request() -> None:
    pytest.importorskip("aiohttp", reason="the async client of a URL needs aiohttp")
    provider = Provider()

    async def search() -> None:
        async with AsyncElasticsearch(provider.url) as plain:
            es = headpond.hook(plain, RERANK)
            task = asyncio.ensure_future(es.search(index="docs", query=QUERY))
            while not provider.asked:
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            # The request was cancelled on the loop: nothing but this test is left running there.
            await asyncio.sleep(0)
            others = asyncio.all_tasks() - {asyncio.current_task()}
            await asyncio.wait_for(asyncio.gather(*others, return_exceptions=True), 30)

    provider.then(Reply(hangs=True))
    try:
        asyncio.run(search())
    finally:
        provider.close()
