"""Stored ingest pipelines: durable, versioned, and kept while an index uses them."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import BadRequestError, Elasticsearch, NotFoundError

from headpond import connect

SET: list[dict[str, Any]] = [{"set": {"field": "seen", "value": True}}]

KILLED = """
    import sys
    from headpond import connect

    client = connect(f"embedded:{sys.argv[1]}")
    for number in range(100_000):
        client.ingest.put_pipeline(id=f"p{number}", processors=[{"set": {"field": "n", "value": number}}])
        if number:
            client.ingest.delete_pipeline(id=f"p{number - 1}")
        print(number, flush=True)
"""


def test_a_pipeline_is_the_same_after_a_restart(tmp_path: Path) -> None:
    with connect(f"embedded:{tmp_path}") as client:
        client.ingest.put_pipeline(id="p", processors=SET, description="says seen", version=3, meta={"by": "me"})
        client.ingest.put_pipeline(id="gone", processors=SET)
        client.ingest.delete_pipeline(id="gone")
        before = client.ingest.get_pipeline(human=True).body
    with connect(f"embedded:{tmp_path}") as client:
        assert client.ingest.get_pipeline(human=True).body == before
        assert list(before) == ["p"]
        client.index(index="i", id="1", document={"a": 1}, pipeline="p")
        assert client.get(index="i", id="1")["_source"] == {"a": 1, "seen": True}


def test_an_acknowledged_pipeline_survives_a_kill_and_a_deleted_one_stays_away(tmp_path: Path) -> None:
    script = textwrap.dedent(KILLED)
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        acknowledged = 0
        while acknowledged < 40:
            acknowledged = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        acknowledged = max([acknowledged, *(int(line) for line in process.stdout.read().split())])
    with connect(f"embedded:{tmp_path}") as client:
        kept = sorted(int(id[1:]) for id in client.ingest.get_pipeline().body)
        # The last acknowledged step, and what the next one had done of its two requests.
        assert kept in ([acknowledged], [acknowledged, acknowledged + 1], [acknowledged + 1])
        client.index(index="i", id="1", document={}, pipeline=f"p{kept[0]}")
        assert client.get(index="i", id="1")["_source"] == {"n": kept[0]}


def test_a_version_that_somebody_else_changed_is_not_overwritten(es: Elasticsearch) -> None:
    es.ingest.put_pipeline(id="p", processors=SET, version=1)
    es.ingest.put_pipeline(id="p", processors=[], version=2, if_version=1)
    with pytest.raises(BadRequestError, match=r"required version \[1\] .* but current version is \[2\]"):
        es.ingest.put_pipeline(id="p", processors=SET, version=3, if_version=1)
    with pytest.raises(BadRequestError, match=r"required version \[1\] for pipeline \[q\] but no pipeline was found"):
        es.ingest.put_pipeline(id="q", processors=SET, if_version=1)
    assert es.ingest.get_pipeline(id="p")["p"]["version"] == 2
    es.ingest.put_pipeline(id="p", processors=SET, if_version=2)
    assert es.ingest.get_pipeline(id="p")["p"]["version"] == 3


@pytest.mark.parametrize("setting", ["default", "final"])
def test_a_pipeline_that_an_index_uses_cannot_be_deleted(es: Elasticsearch, setting: str) -> None:
    es.ingest.put_pipeline(id="p", processors=SET)
    es.indices.create(index="i", settings={f"{setting}_pipeline": "p"})
    with pytest.raises(BadRequestError, match=rf"it is the {setting} pipeline for 1 index\(es\) including \[i\]"):
        es.ingest.delete_pipeline(id="p")
    assert "p" in es.ingest.get_pipeline()
    es.indices.delete(index="i")
    es.ingest.delete_pipeline(id="p")
    with pytest.raises(NotFoundError):
        es.ingest.get_pipeline(id="p")
    with pytest.raises(NotFoundError, match=r"pipeline \[p\] is missing"):
        es.ingest.delete_pipeline(id="p")


def test_names_and_wildcards_choose_pipelines(es: Elasticsearch) -> None:
    for id in ("a-1", "a-2", "b"):
        es.ingest.put_pipeline(id=id, processors=SET)
    assert sorted(es.ingest.get_pipeline(id="a-*,b").body) == ["a-1", "a-2", "b"]
    assert es.ingest.get_pipeline(id="a-*", summary=True).body == {"a-1": {}, "a-2": {}}
    es.ingest.delete_pipeline(id="a-*")
    assert list(es.ingest.get_pipeline().body) == ["b"]
    es.ingest.delete_pipeline(id="*")
    assert es.options(ignore_status=404).ingest.get_pipeline().body == {}


def test_a_pipeline_that_is_wrong_leaves_the_one_before(es: Elasticsearch) -> None:
    es.ingest.put_pipeline(id="p", processors=SET)
    with pytest.raises(BadRequestError, match=r"No processor type exists with name \[sett\]"):
        es.ingest.put_pipeline(id="p", processors=[{"sett": {}}])
    assert es.ingest.get_pipeline(id="p")["p"]["processors"] == SET
