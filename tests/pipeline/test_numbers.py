"""Whole numbers beyond 64 bits: kept where the index can hold them, refused with all their digits where it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from tests.pipeline.conftest import Build
from tests.pipeline.pipelines import SETTINGS, source

LARGE = 123456789012345678901234
MAPPING = {"mappings": {"properties": {"key": {"type": "keyword"}, "count": {"type": "long"}}}}


@pytest.mark.parametrize("as_file", [True, False])
def test_large_numbers_keep_their_digits(es: Elasticsearch, build: Build, as_file: bool) -> None:
    records = [{"_id": "kept", "key": LARGE}, {"_id": "mapped", "count": LARGE}, {"_id": "new", "other": LARGE}]
    Path("a.jsonl").write_text("".join(f"{record}\n" for record in records).replace("'", '"'))
    pipeline = build(processors=[], search=None, response_processors=[], index={"name": "things", "mapping": MAPPING})
    report = pipeline.ingest("a.jsonl" if as_file else records, dead_letters="bad.jsonl", settings=SETTINGS)
    assert (report.indexed, report.dead_lettered) == (1, 2)
    assert source(es, "kept")["key"] == LARGE
    letters = Path("bad.jsonl").read_text().splitlines()
    assert all(f"{LARGE}}}" in letter for letter in letters)
    assert all(f"Numeric value ({LARGE}) out of range of long" in letter for letter in letters)
