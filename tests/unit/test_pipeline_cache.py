from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from headpond.pipeline.cache import EmbeddingCache


def test_what_was_computed_is_known_to_the_next_process(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "cache.sqlite"
    dense, tiny = np.array([0.1, 2], np.float32), np.array([-128, 127], np.int8)
    with EmbeddingCache(path) as cache:
        cache.put("model", {"a": dense, "b": {"word": 1.5}, "c": tiny, "d": "a summary"})
    with EmbeddingCache(path) as cache:
        found = cache.get("model", ["a", "b", "c", "d", "e"])
    np.testing.assert_array_equal(found["a"], dense)
    np.testing.assert_array_equal(found["c"], tiny)
    assert (found["b"], found["d"]) == ({"word": 1.5}, "a summary")
    assert "e" not in found


def test_another_model_knows_nothing(tmp_path: Path) -> None:
    with EmbeddingCache(tmp_path / "cache.sqlite") as cache:
        cache.put("model", {"a": {"word": 1.0}})
        assert cache.get("other", ["a"]) == {}


def test_many_texts_are_found_at_once(tmp_path: Path) -> None:
    with EmbeddingCache(tmp_path / "cache.sqlite") as cache:
        cache.put("model", {str(number): str(number) for number in range(2000)})
        assert len(cache.get("model", [str(number) for number in range(3000)])) == 2000


def test_without_a_file_nothing_is_kept() -> None:
    with EmbeddingCache(None) as cache:
        cache.put("model", {"a": "x"})
        assert cache.get("model", ["a"]) == {}


def test_a_broken_file_is_given_up_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "cache.sqlite"
    path.write_bytes(b"this is no database, not even a small one" * 100)
    with EmbeddingCache(path) as cache:
        cache.put("model", {"a": "x"})
        assert cache.get("model", ["a"]) == {}
    assert "going on without" in caplog.text
