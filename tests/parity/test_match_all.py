from __future__ import annotations

import pytest
from elasticsearch import Elasticsearch

from headpond.testing.recording import Recorded
from tests.parity.conftest import MakeIndex
from tests.parity.hits import ids, scores

pytestmark = pytest.mark.parity


def test_a_search_without_a_body_gives_ten_documents_of_score_one(es: Elasticsearch, books: str, recorded: Recorded):
    answer = es.search(index=books)
    assert len(ids(answer)) == 10
    assert set(scores(answer).values()) == {1.0}
    recorded("hits", answer)


def test_documents_come_in_the_order_in_which_they_were_written(es: Elasticsearch, make_index: MakeIndex):
    name = make_index(None, [{"n": n} for n in range(5)])
    assert ids(es.search(index=name, query={"match_all": {}})) == ["1", "2", "3", "4", "5"]


def test_an_empty_index_answers_with_no_hits(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    recorded("hits", es.search(index=make_index()))


def test_a_search_over_all_indices_finds_those_of_this_test(
    es: Elasticsearch, make_index: MakeIndex, index: str, recorded: Recorded
):
    make_index(None, {"a": {"n": 1}}, suffix="one")
    make_index(None, {"b": {"n": 2}}, suffix="two")
    for name in (f"{index}.*", f"{index}.one,{index}.two", f"{index}.*,-{index}.one"):
        recorded(name.replace(index, "INDEX"), es.search(index=name, sort="n"))
