"""Merging, saving and loading segments changes nothing that a search could see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headpond.node.analysis.analysis import Analysis
from headpond.node.mapping.document_parser import parse_document
from headpond.node.mapping.mapping import Mapping
from headpond.node.store.builder import SegmentBuilder
from headpond.node.store.merge import SEGMENTS_PER_TIER, merge_segments, plan
from headpond.node.store.segment import Segment
from headpond.node.store.segment_file import UnreadableSegmentError, load_segment, save_segment

MAPPING = Mapping(
    {
        "properties": {
            "t": {"type": "text"},
            "plain": {"type": "text", "norms": False, "index_options": "docs"},
            "k": {"type": "keyword"},
            "n": {"type": "long"},
            "f": {"type": "double"},
            "v": {"type": "dense_vector", "dims": 2, "similarity": "l2_norm"},
            "s": {"type": "sparse_vector"},
            "c": {"type": "nested", "properties": {"k": {"type": "keyword"}}},
        }
    },
    Analysis(),
)

WORDS = st.lists(st.sampled_from(["a", "b", "c", "dé", "水"]), max_size=6).map(" ".join)
DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "t": st.one_of(WORDS, st.lists(WORDS, max_size=3)),
        "plain": WORDS,
        "k": st.lists(st.sampled_from(["x", "y", "ü", ""]), max_size=3),
        "n": st.lists(st.integers(-5, 5), max_size=3),
        "f": st.sampled_from([0.5, -1.25, 3.0]),
        "v": st.lists(st.sampled_from([0.0, 1.0, -2.5]), min_size=2, max_size=2),
        "s": st.dictionaries(st.sampled_from(["p", "q", "r"]), st.sampled_from([0.5, 1.25, 2.0]), max_size=3),
        "c": st.lists(st.fixed_dictionaries({"k": st.sampled_from(["x", "z"])}), max_size=2),
    },
)


def build(documents: list[tuple[int, dict[str, Any]]]) -> Segment:
    builder = SegmentBuilder()
    for seq_no, document in documents:
        builder.add(f"id{seq_no}", seq_no, parse_document(MAPPING, "", b"", document).documents)
    return builder.build()


def assert_same(got: Segment, expected: Segment) -> None:
    for slot in ("max_doc", "ids"):
        assert getattr(got, slot) == getattr(expected, slot)
    for slot in ("seq_nos", "roots", "offsets"):
        np.testing.assert_array_equal(getattr(got, slot), getattr(expected, slot))
    kinds = [[segment.paths[kind] for kind in segment.kinds] for segment in (got, expected)]
    assert kinds[0] == kinds[1]
    for slot in ("postings", "columns", "dense", "sparse", "present"):
        assert_same_fields(getattr(got, slot), _filled(getattr(expected, slot)))


def _filled(fields: dict[str, Any]) -> dict[str, Any]:
    """A merge drops fields that no live document has a term in; a segment keeps an empty one."""
    return {path: field for path, field in fields.items() if len(getattr(field, "docs", [0])) > 0}


def assert_same_fields(got: dict[str, Any], expected: dict[str, Any]) -> None:
    assert got.keys() == expected.keys()
    for path, field in expected.items():
        if isinstance(field, np.ndarray):
            np.testing.assert_array_equal(got[path], field)
            continue
        for slot in field.__slots__:
            before, after = getattr(field, slot), getattr(got[path], slot)
            if isinstance(before, np.ndarray):
                assert after.dtype == before.dtype, (path, slot)
                np.testing.assert_array_equal(after, before, err_msg=f"{path}.{slot}")
            else:
                assert (list(after.items()) if isinstance(after, dict) else after) == (
                    list(before.items()) if isinstance(before, dict) else before
                ), (path, slot)


@settings(max_examples=60, derandomize=True)
@given(st.lists(st.lists(st.tuples(DOCUMENTS, st.booleans()), min_size=1, max_size=4), min_size=1, max_size=4))
def test_merged_segments_are_the_segment_of_their_live_documents(
    parts: list[list[tuple[dict[str, Any], bool]]],
) -> None:
    segments, live, kept, seq_no = [], [], [], 0
    for part in parts:
        numbered = []
        for document, alive in part:
            numbered.append((seq_no, document))
            kept += [(seq_no, document)] if alive else []
            seq_no += 1
        segment = build(numbered)
        segments.append(segment)
        live.append(np.isin(segment.seq_nos, [number for number, _ in kept]))
    if kept:
        assert_same(merge_segments(segments, live), build(kept))


@settings(max_examples=30, derandomize=True)
@given(documents=st.lists(DOCUMENTS, min_size=1, max_size=5))
def test_a_segment_is_read_back_as_it_was_written(tmp_path_factory: pytest.TempPathFactory, documents: Any) -> None:
    segment = build(list(enumerate(documents)))
    path = tmp_path_factory.mktemp("segment") / "0.npz"
    save_segment(segment, path)
    loaded = load_segment(path)
    assert loaded.paths == segment.paths
    for slot in ("postings", "columns", "dense", "sparse", "present"):
        assert_same_fields(getattr(loaded, slot), getattr(segment, slot))
    assert (loaded.ids, loaded.max_doc) == (segment.ids, segment.max_doc)


def test_a_missing_segment_file_is_said_to_be_unreadable(tmp_path: Path) -> None:
    with pytest.raises(UnreadableSegmentError):
        load_segment(tmp_path / "nothing.npz")


def test_many_small_segments_are_merged_and_large_ones_left_alone() -> None:
    assert plan([1] * (SEGMENTS_PER_TIER - 1), [0] * (SEGMENTS_PER_TIER - 1)) is None
    assert plan([1] * SEGMENTS_PER_TIER, [0] * SEGMENTS_PER_TIER) == (0, SEGMENTS_PER_TIER)
    sizes = [500_000, *[10] * SEGMENTS_PER_TIER]
    assert plan(sizes, [0] * len(sizes)) == (1, SEGMENTS_PER_TIER + 1)


def test_a_segment_that_is_mostly_deleted_is_written_anew() -> None:
    assert plan([100, 100], [51, 0]) == (0, 1)
    assert plan([100, 100], [50, 0]) is None
