from __future__ import annotations

import json
from pathlib import Path

import pytest

from headpond.testing.recording import Recorded, Recordings


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file in which the answers of one test have been recorded."""
    recordings = Recordings(tmp_path / "recorded" / "bulk.json")
    Recorded(recordings, "test_one", record=True)("hits", {"took": 3, "total": 2})
    recordings.save("9.2.4")
    return recordings.path


def test_a_recording_says_its_version_and_date(path: Path):
    kept = json.loads(path.read_text())
    assert kept["elasticsearch"] == "9.2.4"
    assert kept["answers"] == {"test_one": {"hits": {"took": "<int>", "total": 2}}}
    assert len(kept["date"]) == len("2026-11-22")


def test_an_equal_answer_passes(path: Path):
    Recorded(Recordings(path), "test_one", record=False)("hits", {"took": 99, "total": 2})


def test_another_answer_fails_with_all_differences(path: Path):
    with pytest.raises(AssertionError, match=r"not what Elasticsearch 9\.2\.4 answered:\n  total: got 3, expected 2"):
        Recorded(Recordings(path), "test_one", record=False)("hits", {"took": 1, "total": 3})


def test_an_answer_that_was_never_recorded_fails(path: Path):
    with pytest.raises(AssertionError, match="no answer 'other' of test_one"):
        Recorded(Recordings(path), "test_one", record=False)("other", {})


def test_a_name_is_recorded_once(path: Path):
    recorded = Recorded(Recordings(path), "test_one", record=True)
    recorded("hits", {})
    with pytest.raises(AssertionError, match="twice"):
        recorded("hits", {})
