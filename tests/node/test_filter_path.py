from typing import Any

import pytest

from headpond.node.filter_path import filter_path

ANSWER: dict[str, Any] = {
    "took": 3,
    "hits": {"total": {"value": 2}, "hits": [{"_id": "a", "_source": {"t": 1}}, {"_id": "b", "_source": {"u": 2}}]},
    "items": [{"index": {"status": 201}}, {"index": {"status": 400, "error": {"type": "x"}}}],
}


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("took", {"took": 3}),
        ("hits.hits._id", {"hits": {"hits": [{"_id": "a"}, {"_id": "b"}]}}),
        ("items.*.error", {"items": [{"index": {"error": {"type": "x"}}}]}),
        ("hits.hits._source.t", {"hits": {"hits": [{"_source": {"t": 1}}]}}),
        ("**.status", {"items": [{"index": {"status": 201}}, {"index": {"status": 400}}]}),
        ("h*.tot*", {"hits": {"total": {"value": 2}}}),
        ("nothing", {}),
        ("hits,-hits.hits", {"hits": {"total": {"value": 2}}}),
    ],
)
def test_only_what_is_asked_for_remains(wanted: str, expected: dict[str, Any]) -> None:
    assert filter_path(ANSWER, wanted) == expected


def test_an_exclusion_alone_keeps_the_rest() -> None:
    assert filter_path(ANSWER, "-hits,-items") == {"took": 3}
