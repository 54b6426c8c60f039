from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from headpond.errors import InputError
from headpond.pipeline.cache import SqliteCache, sqlite
from headpond.pipeline.cache.base import key
from headpond.stages.inference import Embedding


def test_what_was_computed_is_known_to_the_next_process(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "cache.sqlite"
    dense, tiny = np.array([0.1, 2], np.float32), np.array([-128, 127], np.int8)
    with SqliteCache(path) as cache:
        cache.put("model", {"a": dense, "b": {"word": 1.5}, "c": tiny, "d": "a summary"})
    with SqliteCache(path) as cache:
        found = cache.get("model", ["a", "b", "c", "d", "e"])
    np.testing.assert_array_equal(found["a"], dense)
    np.testing.assert_array_equal(found["c"], tiny)
    assert (found["b"], found["d"]) == ({"word": 1.5}, "a summary")
    assert "e" not in found


def test_another_model_knows_nothing(tmp_path: Path) -> None:
    with SqliteCache(tmp_path / "cache.sqlite") as cache:
        cache.put("model", {"a": {"word": 1.0}})
        assert cache.get("other", ["a"]) == {}


def test_many_texts_are_found_at_once(tmp_path: Path) -> None:
    with SqliteCache(tmp_path / "cache.sqlite") as cache:
        cache.put("model", {str(number): str(number) for number in range(2000)})
        assert len(cache.get("model", [str(number) for number in range(3000)])) == 2000


def test_without_a_file_nothing_is_kept() -> None:
    with SqliteCache(None) as cache:
        cache.put("model", {"a": "x"})
        assert cache.get("model", ["a"]) == {}


def test_a_broken_file_is_given_up_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "cache.sqlite"
    path.write_bytes(b"this is no database, not even a small one" * 100)
    with SqliteCache(path) as cache:
        cache.put("model", {"a": "x"})
        assert cache.get("model", ["a"]) == {}
    assert "going on without" in caplog.text


def test_a_change_of_the_model_or_of_the_role_of_a_text_is_another_key() -> None:
    keys = {key("model", "a"), key("other", "a"), key("model", "b"), key("model", "a", "search")}
    assert len(keys) == 4


def vectors(first: int, number: int) -> dict[str, Embedding]:
    return {str(place): np.full(1000, place, np.float32) for place in range(first, first + number)}


def test_a_file_stays_below_its_size_and_the_oldest_go_first(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    with SqliteCache(path, most_bytes=4_000_000) as cache:
        for first in range(0, 3000, 100):
            cache.put("model", vectors(first, 100))
        stats = cache.stats()
        assert stats.bytes <= 4_000_000
        assert 0 < stats.entries < 1000
        assert len(cache.get("model", [str(number) for number in range(2900, 3000)])) == 100
        assert cache.get("model", [str(number) for number in range(1500)]) == {}
    # Free pages are used again, so the file itself does not grow either.
    assert path.stat().st_size < 6_000_000


def test_what_was_used_lately_outlives_what_was_made_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    today = sqlite._today()
    with SqliteCache(tmp_path / "cache.sqlite", most_bytes=6_000_000) as cache:
        monkeypatch.setattr(sqlite, "_today", lambda: today - 9)
        cache.put("model", vectors(0, 100))
        monkeypatch.setattr(sqlite, "_today", lambda: today - 5)
        cache.put("model", vectors(100, 900))
        monkeypatch.setattr(sqlite, "_today", lambda: today)
        assert len(cache.get("model", [str(number) for number in range(100)])) == 100
        cache.put("model", vectors(1000, 500))
        assert len(cache.get("model", [str(number) for number in range(100)])) == 100
        assert len(cache.get("model", [str(number) for number in range(1000)])) < 1000


def test_what_was_not_used_for_long_expires(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, today = tmp_path / "cache.sqlite", sqlite._today()
    monkeypatch.setattr(sqlite, "_today", lambda: today - 40)
    with SqliteCache(path) as cache:
        cache.put("model", {"old": "x", "used": "x"})
    monkeypatch.setattr(sqlite, "_today", lambda: today - 3)
    with SqliteCache(path) as cache:
        assert set(cache.get("model", ["used"])) == {"used"}
    monkeypatch.setattr(sqlite, "_today", lambda: today)
    monkeypatch.setenv("HEADPOND_CACHE_DAYS", "30")
    with SqliteCache(path) as cache:
        assert set(cache.get("model", ["old", "used"])) == {"used"}
        assert cache.prune(0) == 1


def test_a_limit_that_is_no_number_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADPOND_CACHE_MAX_MB", "plenty")
    with pytest.raises(InputError, match="HEADPOND_CACHE_MAX_MB is a whole number, not 'plenty'"):
        SqliteCache(tmp_path / "cache.sqlite")


WRITER = """
import sys
from pathlib import Path
from headpond.pipeline.cache import SqliteCache
with SqliteCache(Path(sys.argv[1]), most_bytes=10**9) as cache:
    for number in range(40):
        texts = {f"{sys.argv[2]}-{number}-{place}": "x" * 100 for place in range(25)} | {f"shared-{number}": "y"}
        cache.get("model", list(texts))
        cache.put("model", texts)
"""


def test_several_processes_write_at_once_and_nothing_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    running = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(name)], stderr=subprocess.PIPE, text=True)
        for name in range(4)
    ]
    for process in running:
        _, errors = process.communicate(timeout=300)
        assert (process.returncode, errors) == (0, "")
    with SqliteCache(path) as cache:
        assert cache.stats().entries == 4 * 40 * 25 + 40
