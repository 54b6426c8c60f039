"""A text is paid for once: which changes ask the endpoints again, which do not, and where embeddings are kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from elasticsearch import Elasticsearch

from headpond.errors import InputError
from headpond.inference.fingerprint import fingerprint
from headpond.models.card import Prefixes
from headpond.models.catalog import get
from headpond.pipeline.cache import IndexCache, SqliteCache, open_cache
from tests.pipeline.conftest import Build
from tests.pipeline.pipelines import RECORDS, SETTINGS, fake, source, standard

TEAM = replace(SETTINGS, cache="index:vectors")


def dense(**settings: Any) -> dict[str, Any]:
    """Endpoints whose dense one has other settings."""
    return {**standard()["endpoints"], "dense": fake("text_embedding", **{"dimensions": 16, **settings})}


def test_a_second_corpus_of_the_same_texts_makes_no_call(build: Build) -> None:
    build().ingest(RECORDS, settings=SETTINGS)
    again = build().ingest(RECORDS, index="copy", settings=SETTINGS)
    assert (again.indexed, again.inference.requests, again.inference.cached) == (3, 0, 6)


def test_without_the_cache_every_call_is_made_again(build: Build) -> None:
    first = build().ingest(RECORDS, settings=SETTINGS)
    again = build().ingest(RECORDS, index="copy", settings=replace(SETTINGS, use_cache=False))
    assert again.inference.inputs == first.inference.inputs == 6


@pytest.mark.parametrize("change", [{"dimensions": 8}, {"seed": 7}], ids=["dimensions", "another model"])
def test_a_change_of_the_model_makes_all_its_calls_again(
    es: Elasticsearch, build: Build, change: dict[str, Any]
) -> None:
    build().ingest(RECORDS, settings=SETTINGS)
    es.inference.delete(inference_id="dense", force=True)
    again = build(endpoints=dense(**change)).ingest(RECORDS, index="copy", settings=SETTINGS)
    assert (again.inference.inputs, again.inference.cached) == (3, 3)


def test_a_change_beside_the_point_makes_none(es: Elasticsearch, build: Build) -> None:
    build().ingest(RECORDS, settings=SETTINGS)
    es.inference.delete(inference_id="dense", force=True)
    slower = dense(latency_ms=1)
    again = build(endpoints=slower).ingest(RECORDS, index="copy", settings=SETTINGS)
    assert again.inference.requests == 0


def test_a_prefix_is_a_part_of_the_model() -> None:
    """What a local model puts before every text changes its weights' name, and with it the endpoint's fingerprint."""
    plain = get("multilingual-e5-small")
    other = plain.model_copy(update={"prefixes": Prefixes(ingest="text: ", search=plain.prefixes.search)})
    endpoints = [
        {"service": "elasticsearch", "headpond": {"serves": card.name, "weights": card.fingerprint}}
        for card in (plain, other)
    ]
    assert fingerprint(endpoints[0]) != fingerprint(endpoints[1])


def test_an_index_keeps_every_kind_of_embedding(es: Elasticsearch) -> None:
    vector, tiny = np.array([0.1, 2], np.float32), np.array([-128, 127], np.int8)
    with IndexCache(es, "vectors") as cache:
        assert cache.get("model", ["a"]) == {}
        assert cache.stats().entries == 0
        cache.put("model", {"a": vector, "b": {"word": 1.5}, "c": tiny, "d": "a summary"})
        cache.put("model", {"a": vector})
        found = cache.get("model", ["a", "b", "c", "d", "e"])
        np.testing.assert_array_equal(found["a"], vector)
        np.testing.assert_array_equal(found["c"], tiny)
        assert (found["b"], found["d"]) == ({"word": 1.5}, "a summary")
        assert "e" not in found
        assert cache.get("other", ["a"]) == {}
        assert cache.stats().entries == 4


def test_values_of_an_index_cache_are_not_indexed(es: Elasticsearch) -> None:
    IndexCache(es, "vectors").put("model", {"a": np.ones(4, np.float32)})
    shown = es.indices.get_mapping(index="vectors")["vectors"]["mappings"]
    assert set(shown["properties"]) == {"model", "made"}


def test_a_team_pays_once(es: Elasticsearch, build: Build, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    build().ingest(RECORDS, settings=TEAM)
    monkeypatch.setenv("HEADPOND_HOME", str(tmp_path / "another machine"))
    again = build().ingest(RECORDS, index="copy", settings=TEAM)
    assert (again.indexed, again.inference.requests) == (3, 0)
    assert source(es, "mill", "copy")["dense"] == pytest.approx(source(es, "mill")["dense"])
    assert not (tmp_path / "another machine" / "embeddings.sqlite").exists()


def test_a_cache_given_open_is_left_open(build: Build, tmp_path: Path) -> None:
    with SqliteCache(tmp_path / "mine.sqlite") as cache:
        build().ingest(RECORDS, settings=replace(SETTINGS, cache=cache))
        assert cache.stats().entries == 6


def test_an_index_that_cannot_be_used_as_a_cache_stops_nothing(build: Build, caplog: pytest.LogCaptureFixture) -> None:
    report = build().ingest(RECORDS, settings=replace(SETTINGS, cache="index:Not A Name"))
    assert report.indexed == 3
    assert "the embedding cache [Not A Name] cannot be used, going on without" in caplog.text


def test_an_index_cache_is_pruned_and_cleared(es: Elasticsearch) -> None:
    cache = IndexCache(es, "vectors")
    cache.put("model", {"a": "x", "b": "y"})
    assert cache.prune(1) == 0
    assert cache.prune(0) == 2
    cache.put("model", {"a": "x"})
    assert cache.clear() == 1
    assert not es.indices.exists(index="vectors")
    assert cache.clear() == 0


def test_a_cache_without_a_name_is_refused(es: Elasticsearch) -> None:
    with pytest.raises(InputError, match="'index:' names no index\n  as in index:headpond-embeddings"):
        open_cache("index:", es)
