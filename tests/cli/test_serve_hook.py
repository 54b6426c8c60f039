"""`headpond serve --hook`: as a command."""

import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.conftest import PIPELINE
from tests.command import Run


@pytest.mark.parametrize(
    ("hook", "problem"),
    [("mil", "mill"), ("logs-*=mil", "mill"), ("broken.yaml", "broken.yaml:1")],
)
def test_a_wrong_pipeline_is_said_before_anything_is_served(run: Run, tmp_path: Path, hook: str, problem: str) -> None:
    (tmp_path / "broken.yaml").write_text("response_processors: [{rerankk: {}}]\n")
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines" / "mill.yaml").write_text(PIPELINE)
    outcome = run("serve", "--target", "memory", "--port", "0", "--hook", hook)
    assert outcome.code != 0
    assert problem in outcome.err
    assert "Ctrl-C" not in outcome.err


def test_searches_of_the_pipelines_index_pass_through(tmp_path: Path) -> None:
    (tmp_path / "mill.yaml").write_text(PIPELINE)
    log = tmp_path / "log"
    command = [sys.executable, "-m", "headpond", "serve", "--target", "memory", "--port", "0"]
    hooks = ["--hook", "mill.yaml", "--hook", "more-*=mill.yaml"]
    with log.open("wb") as err:
        served = subprocess.Popen([*command, *hooks], cwd=tmp_path, stderr=err, stdout=subprocess.DEVNULL)
    try:
        while not (found := re.search(r"http://[\w.]+:(\d+)", log.read_text())):
            assert served.poll() is None, log.read_text()
            time.sleep(0.05)
        with httpx.Client(base_url=found[0], timeout=60) as http:
            texts = (
                "water water water",
                "a mill is driven by water" + 9 * " and grinds corn for the whole valley",
                "bread",
            )
            for index in ("articles", "more-1", "others"):
                for id, text in enumerate(texts):
                    http.put(f"/{index}/_doc/{id}?refresh=true", json={"body": text}).raise_for_status()
            assert search(http, "articles") == ["1", "0"]
            assert search(http, "more-1,articles") == search(http, "others") == ["0", "1"]
            assert search(http, "more-1") == ["1", "0"]
    finally:
        served.terminate()
        served.wait(60)


def search(http: httpx.Client, index: str) -> list[Any]:
    """The ids of the hits, each once."""
    answer = http.post(f"/{index}/_search", json={"query": {"match": {"body": "water mill"}}}).json()
    return list(dict.fromkeys(hit["_id"] for hit in answer["hits"]["hits"]))
