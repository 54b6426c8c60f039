"""Tables of all kinds, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from headpond.errors import InputError
from headpond.pipeline.sources import open_source
from headpond.pipeline.sources.base import Item


def read(text: str | bytes, name: str = "a.csv") -> list[Item]:
    file = Path(name)
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return list(open_source(file).items())


DELIMITED = {
    "commas": "a,b\n1,2; x\n",
    "semicolons": "a;b\n1;2; x\n".replace("2; x", '"2; x"'),
    "semicolons-and-decimal-commas": "a;b\n1;2; x\n".replace("2; x", '"2; x"') + "3,5;4,5\n",
    "tabs": "a\tb\n1\t2; x\n",
    "bars": "a|b\n1|2; x\n",
    "quoted-header": '"a";"b"\n1;"2; x"\n',
}


@pytest.mark.parametrize("text", DELIMITED.values(), ids=DELIMITED)
@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_the_delimiter_is_found_out(text: str, name: str) -> None:
    assert read(text, name)[0].document == {"a": "1", "b": "2; x"}


def test_of_two_delimiters_that_fit_the_one_with_more_columns_is_meant() -> None:
    items = read("name;price, EUR;year\nmill;1,50;1900\ndam;2,50;1950\n")
    assert [item.document for item in items] == [
        {"name": "mill", "price, EUR": "1,50", "year": "1900"},
        {"name": "dam", "price, EUR": "2,50", "year": "1950"},
    ]


def test_a_table_of_one_column_needs_none() -> None:
    assert [item.document for item in read("body\nthe mill\nthe dam\n")] == [{"body": "the mill"}, {"body": "the dam"}]


def test_a_quote_that_is_never_closed_costs_its_line_alone() -> None:
    lines = [f"{number},text {number}" for number in range(1, 101)]
    lines[4] = '5,"text 5'
    items = read("id,body\n" + "\n".join(lines))
    assert [item.document["id"] for item in items if item.document] == [str(n) for n in range(1, 101) if n != 5]
    (bad,) = [item for item in items if item.document is None]
    assert (bad.line, bad.raw) == (6, '5,"text 5\n')
    assert bad.error == "the quote in line 6, column 3 is never closed"


def test_a_forgotten_quote_among_quoted_values_costs_its_line_alone() -> None:
    items = read('id,body\n1,"one"\n2,"two\n3,"three"\n4,"four\nlines"\n5,"five"\n')
    assert [item.document for item in items if item.document] == [
        {"id": "1", "body": "one"},
        {"id": "3", "body": "three"},
        {"id": "4", "body": "four\nlines"},
        {"id": "5", "body": "five"},
    ]
    (bad,) = [item for item in items if item.document is None]
    assert bad.line == 3
    assert bad.error == (
        "the quote in line 3, column 3 is not closed before the next value begins; "
        "a quote inside a value is written twice"
    )


def test_the_place_of_a_quote_is_that_of_the_last_value() -> None:
    items = read('id,title,body\n1,"two ""lines""\nhere","never closed\n2,a,b\n')
    assert [(item.line, item.error) for item in items][:2] == [
        (2, "the quote in line 3, column 7 is never closed"),
        (3, "the quote in line 3, column 7 is never closed"),
    ]
    assert items[-1].document == {"id": "2", "title": "a", "body": "b"}


def test_a_value_may_be_long_but_not_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headpond.pipeline.sources.formats._table.LONGEST", 200)
    items = read('id,body\n1,"open\n' + "".join(f"{number},some text\n" for number in range(2, 50)))
    assert items[0].error == "the quote in line 2, column 3 is not closed within 200 characters"
    assert [item.line for item in items[1:]] == list(range(3, 51))
    assert all(item.document for item in items[1:])


def test_quotes_inside_values_without_quotes_are_characters() -> None:
    (item,) = read('a,b\n5" disk,it"s\n')
    assert item.document == {"a": '5" disk', "b": 'it"s'}


def test_bytes_that_are_no_utf_8_are_not_replaced_in_silence() -> None:
    good, bad, last = read(b"a,b\n1,fine\n2,M\xfchle\n3,fine\n")
    assert (good.document, last.document) == ({"a": "1", "b": "fine"}, {"a": "3", "b": "fine"})
    assert (bad.error, bad.raw) == ("the row is not UTF-8", ["2", "M\ufffdhle"])
    with pytest.raises(InputError, match=r"a\.csv:1: the header is not UTF-8\n  iconv -f ISO-8859-1"):
        read(b"a,M\xfchle\n1,2\n")


def test_a_header_with_an_open_quote_is_said() -> None:
    with pytest.raises(InputError, match="the header cannot be read: the quote in line 1, column 3 is never closed"):
        read('a,"b\n1,2\n')
