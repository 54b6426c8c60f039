"""Stems and terms that a real node gives; the stems were compared for 52,000 words of source code and of abstracts."""

from __future__ import annotations

import pytest

from headpond.node.analysis.analysis import Analysis
from headpond.node.analysis.porter import stem

STEMS = {
    "caresses": "caress", "ponies": "poni", "ties": "ti", "cats": "cat", "feed": "feed", "agreed": "agre",
    "plastered": "plaster", "bled": "bled", "motoring": "motor", "sing": "sing", "conflated": "conflat",
    "sized": "size", "hopping": "hop", "falling": "fall", "hissing": "hiss", "fizzed": "fizz", "failing": "fail",
    "filing": "file",
    "happy": "happi", "sky": "sky", "relational": "relat", "conditional": "condit", "vietnamization": "vietnam",
    "predication": "predic", "operator": "oper", "feudalism": "feudal", "decisiveness": "decis", "hopefulness": "hope",
    "triplicate": "triplic", "formative": "form", "electrical": "electr", "goodness": "good", "revival": "reviv",
    "allowance": "allow", "airliner": "airlin", "adjustable": "adjust", "replacement": "replac", "adoption": "adopt",
    "probate": "probat", "rate": "rate", "controll": "control", "roll": "roll", "is": "is", "as": "as",
    "assembly": "assembl", "possibly": "possibl", "technology": "technolog", "apologies": "apolog", "specced": "spec",
}  # fmt: skip


@pytest.mark.parametrize(("word", "expected"), STEMS.items())
def test_stems_are_those_of_lucene(word: str, expected: str) -> None:
    assert stem(word) == expected


def test_stop_words_leave_their_places_empty() -> None:
    analyzer = Analysis().analyzer("english")
    assert analyzer.positioned("The dog's running over the hills") == [("dog", 1), ("run", 2), ("over", 3), ("hill", 5)]


UNICODE = {
    "Straße ΣΊΣΥΦΟΣ İstanbul": ["straße", "σίσυφοσ", "istanbul"],
    "日本語 テスト 한국어 ไทย": ["日", "本", "語", "テスト", "한국어", "ไทย"],
    "👍🏽 a\u200db 🇫🇷 👩‍🔬": ["👍🏽", "a\u200db", "🇫🇷", "👩‍🔬"],
    "can’t x:y 3,14 a_b ½ e.g. ד'ר": ["can’t", "x:y", "3,14", "a_b", "e.g", "ד'ר"],
}


@pytest.mark.parametrize(("text", "expected"), UNICODE.items())
def test_words_are_found_in_any_script(text: str, expected: list[str]) -> None:
    assert Analysis().analyzer("standard").terms(text) == expected


@pytest.mark.parametrize(
    ("analyzer", "text", "expected"),
    [
        ({"tokenizer": "standard", "filter": ["uppercase", "unique"]}, "a b a ß", ["A", "B", "ß"]),
        (
            {"tokenizer": "whitespace", "filter": [{"type": "length", "min": 2, "max": 3}]},
            "a bb ccc dddd",
            ["bb", "ccc"],
        ),
        ({"tokenizer": "whitespace", "filter": [{"type": "truncate", "length": 2}]}, "abc d", ["ab", "d"]),
        ({"tokenizer": "lowercase", "filter": ["stemmer"]}, "Ponies, 2 CATS", ["poni", "cat"]),
        ({"tokenizer": "keyword", "filter": ["asciifolding", "trim"]}, " Łódź Æon „x“ １ ", ['Lodz AEon "x" 1']),
        (
            {"tokenizer": "standard", "char_filter": ["html_strip"]},
            "<p>a&amp;<b>b</b>c<br/>d</p><script>no</script><!-- no -->",
            ["a", "bc", "d"],
        ),
    ],
)
def test_analyzers_may_be_put_together(analyzer: dict[str, object], text: str, expected: list[str]) -> None:
    filters = [{"type": item} if isinstance(item, str) else item for item in analyzer.get("filter", [])]  # type: ignore[attr-defined]
    named = {f"f{number}": body for number, body in enumerate(filters)}
    settings = {"analyzer": {"mine": {**analyzer, "filter": list(named)}}, "filter": named}
    assert Analysis(settings).analyzer("mine").terms(text) == expected
