"""Every pipeline and mapping in the repository: correct, described, and passing its own tests on the pond."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from headpond import mappings
from headpond.connect import connect
from headpond.pipeline import Pipeline
from headpond.pipeline.lint import lint
from headpond.pipeline.list import pipelines
from headpond.pipeline.load import load

ROOT = Path(__file__).parents[2]
PIPELINES = sorted((ROOT / "pipelines").glob("*.yaml"))
MAPPINGS = sorted((ROOT / "mappings").glob("*.json"))


@pytest.fixture
def es(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Elasticsearch]:
    monkeypatch.chdir(tmp_path)
    client = connect("memory")
    yield client
    client.close()


def names(paths: list[Path]) -> list[str]:
    return [path.stem for path in paths]


def test_the_promised_pipelines_are_there() -> None:
    promised = {
        "quickstart",
        "dense",
        "sparse",
        "hybrid",
        "bm25-rerank",
        "dense-openai",
        "cohere",
        "answers",
        "diverse",
    }
    assert promised <= set(names(PIPELINES))


@pytest.mark.parametrize("path", PIPELINES, ids=names(PIPELINES))
def test_a_pipeline_has_no_errors(path: Path) -> None:
    assert [str(finding) for finding in lint(path) if finding.level == "error"] == []


@pytest.mark.parametrize("path", PIPELINES, ids=names(PIPELINES))
def test_a_pipeline_only_waits_for_keys(path: Path) -> None:
    assert {finding.code for finding in lint(path)} <= {"unset-variable"}


@pytest.mark.parametrize("path", PIPELINES, ids=names(PIPELINES))
def test_a_pipeline_says_in_one_line_what_it_is_for(path: Path) -> None:
    description = load(path).description
    assert 20 < len(description) < 110
    assert "\n" not in description


@pytest.mark.parametrize("path", PIPELINES, ids=names(PIPELINES))
def test_a_pipeline_passes_its_own_tests(path: Path, es: Elasticsearch) -> None:
    pipeline = Pipeline(load(path), es)
    results = pipeline.test()
    assert results
    assert [(result.name, result.failures) for result in results if not result.passed] == []


def test_a_test_leaves_nothing_behind(es: Elasticsearch) -> None:
    before = es.inference.get().body
    Pipeline(load(ROOT / "pipelines" / "quickstart.yaml"), es).test()
    assert es.inference.get().body == before
    assert dict(es.indices.get(index="*").body) == {}


@pytest.mark.parametrize("path", MAPPINGS, ids=names(MAPPINGS))
def test_a_mapping_makes_an_index(path: Path, es: Elasticsearch) -> None:
    body = mappings.read(path)
    for definition in mappings.fields(body).values():
        if definition.get("type") == "dense_vector":
            definition["dims"] = 4
    es.indices.create(index="made", **body)
    made = es.indices.get_mapping(index="made")["made"]["mappings"]
    assert made["properties"].keys() == body["mappings"]["properties"].keys()


def test_every_pipeline_is_listed_with_its_description() -> None:
    listed = {item.name: item.description for item in pipelines()}
    assert set(names(PIPELINES)) <= set(listed)
    assert listed["quickstart"].startswith("Hybrid search on local models")
