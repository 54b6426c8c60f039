from __future__ import annotations

from typing import Any

import pytest
from elasticsearch import Elasticsearch

from headpond.testing.recording import Recorded
from tests.parity.conftest import MakeIndex
from tests.parity.hits import ids
from tests.parity.refusal import refusal

pytestmark = pytest.mark.parity

ANALYZERS = ("standard", "english", "whitespace", "simple", "keyword", "stop")
TEXTS = {
    "plain": "The quick brown foxes jumped over the lazy dogs",
    "apostrophes": "O'Neill's dog isn't the neighbours' dog’s",
    "numbers": "Version 3.11.7 costs 1,234.56 or 10% of $5_000 in 2026-11-22",
    "signs": "C++ and C# in e-mail a@b.example.org, see http://example.org/x?y=1",
    "unicode": "Ärger über naïve Café-Besucher, ΣΊΣΥΦΟΣ, ДОМ, İstanbul",
    "ideographs": "水車と川 ポンド 강물 中文",
    "emoji": "a 🌊 wave 👩‍🔬 👍🏽 ok",
    "identifiers": "snake_case camelCase os.path.join __init__ str.format()",
    "empty": "",
    "blank": "  \n\t ",
    "long-word": "x" * 300,
    "stems": "running runs ran easily fairly generously organization organizations ponies",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
@pytest.mark.parametrize("analyzer", ANALYZERS)
def test_tokens_are_those_of_elasticsearch(es: Elasticsearch, recorded: Recorded, analyzer: str, text: str):
    recorded("tokens", es.indices.analyze(analyzer=analyzer, text=text))


CUSTOM: dict[str, dict[str, Any]] = {
    "standard-with-stopwords": {"type": "standard", "stopwords": ["the", "mill"]},
    "standard-english-stopwords": {"type": "standard", "stopwords": "_english_"},
    "standard-short-tokens": {"type": "standard", "max_token_length": 4},
    "lowercase": {"type": "custom", "tokenizer": "whitespace", "filter": ["lowercase"]},
    "lowercase-stop": {"type": "custom", "tokenizer": "standard", "filter": ["lowercase", "stop"]},
    "keyword-lowercase": {"type": "custom", "tokenizer": "keyword", "filter": ["lowercase"]},
}


@pytest.mark.parametrize("analyzer", CUSTOM.values(), ids=CUSTOM.keys())
def test_an_analyzer_of_ones_own(
    es: Elasticsearch, make_index: MakeIndex, recorded: Recorded, analyzer: dict[str, Any]
):
    name = make_index(
        {"properties": {"text": {"type": "text", "analyzer": "mine"}}},
        [{"text": "The Mill and the Pond"}],
        settings={"analysis": {"analyzer": {"mine": analyzer}}},
    )
    recorded("by name", es.indices.analyze(index=name, analyzer="mine", text="The Mill-Pond and THE weir"))
    recorded("by field", es.indices.analyze(index=name, field="text", text="The Mill-Pond and THE weir"))
    recorded("hits", es.search(index=name, query={"match": {"text": "THE mill"}}))


def test_positions_go_on_over_values_and_removed_words(es: Elasticsearch, recorded: Recorded):
    recorded("values", es.indices.analyze(analyzer="standard", text=["a mill", "a pond"]))
    recorded("stop", es.indices.analyze(analyzer="stop", text="the mill and the pond"))


def test_english_finds_other_forms_of_a_word(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    name = make_index(
        {"properties": {"text": {"type": "text", "analyzer": "english"}}},
        [{"text": "The rivers were flooding"}, {"text": "a flood of the river"}, {"text": "the of and"}],
    )
    answer = es.search(index=name, query={"match": {"text": "floods in rivers"}}, source=False)
    assert sorted(ids(answer)) == ["1", "2"]
    recorded("hits", answer)
    recorded("only stop words", es.search(index=name, query={"match": {"text": "the of"}}, source=False))
    recorded("phrase", es.search(index=name, query={"match_phrase": {"text": "flood of river"}}, source=False))


def test_search_may_use_an_analyzer_of_its_own(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    field = {"type": "text", "analyzer": "whitespace", "search_analyzer": "simple"}
    name = make_index({"properties": {"text": field}}, [{"text": "mill POND"}])
    assert ids(es.search(index=name, query={"match": {"text": "MILL"}})) == ["1"]
    assert ids(es.search(index=name, query={"match": {"text": "POND"}})) == []
    recorded("field", es.indices.analyze(index=name, field="text", text="Mill POND"))


def test_the_default_analyzer_of_an_index(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    settings = {"analysis": {"analyzer": {"default": {"type": "english"}}}}
    name = make_index({"properties": {"text": {"type": "text"}}}, [{"text": "the ponds"}], settings=settings)
    recorded("tokens", es.indices.analyze(index=name, text="the ponds"))
    recorded("hits", es.search(index=name, query={"match": {"text": "pond"}}))


def test_a_tokenizer_and_filters_in_the_request(es: Elasticsearch, recorded: Recorded):
    recorded("filters", es.indices.analyze(tokenizer="standard", filter=["lowercase", "stop"], text="The MILL"))
    recorded("tokenizer", es.indices.analyze(tokenizer="whitespace", text="The MILL"))
    recorded("no analyzer", es.indices.analyze(text="The MILL"))


def test_a_wrong_analysis_is_refused(es: Elasticsearch, make_index: MakeIndex, index: str, recorded: Recorded):
    recorded("analyzer", refusal(es.indices.analyze, analyzer="klingon", text="x"))
    recorded("tokenizer", refusal(es.indices.analyze, tokenizer="klingon", text="x"))
    recorded("filter", refusal(es.indices.analyze, tokenizer="standard", filter=["klingon"], text="x"))
    recorded("no text", refusal(es.indices.analyze, analyzer="standard"))
    recorded("index", refusal(es.indices.analyze, index=index, text="x"))
    recorded("analyzer of the index", refusal(es.indices.analyze, index=make_index(), analyzer="mine", text="x"))
