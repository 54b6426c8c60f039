"""Pipelines and documents that Elasticsearch's own processors were asked about; `answers.jsonl` holds what they said.

What was changed between 7.10 and 9.2 is left out: `fingerprint` and `uri_parts` came later, `json` became strict,
`bytes` rounds otherwise, metadata are checked, `foreach` takes objects,
a date takes the time zone of the processor and
reads `epoch_millis` of any year.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Question = tuple[dict[str, Any], list[dict[str, Any]]]

VALUES: Sequence[Any] = (
    None, True, False, 0, 1, -5, 2147483647, 2147483648, 9223372036854775807, 1.5, 1e10, 1e-5, "", " ", "abc", "true",
    "FALSE", "yes", "-1", "+1", " 1", "1.0", "1e5", "0x1F", "0x", "0xFFFFFFFF", "0x1.ecp6", "99999999999999999999",
    "NaN", "Infinity", "1d", "1L", ".5", "1.2.3", "1e400", [], ["1", "2"], ["1", "x"], [1, 2.5, "3", True], {"a": 1},
    [["1"]], "１２",
)  # fmt: skip
TEXTS: Sequence[Any] = (
    "", "  ", "a b c", "a,b,,", "A1b2", " x ", "İI", "ß", "\u00a0x\u00a0", "\tx\n", "<b>x</b> y", "%20a+b", "%C3%A9",
    "%80", "%2", "a%2Bb", "a.b.c", "aab", "xay", None, 1, 1.5, True, [], ["a", "b"], ["a", 1], {"a": "b"},
)  # fmt: skip


def questions() -> Iterator[Question]:
    """A pipeline and its documents, one after the other."""
    yield from _on_values(
        "convert",
        [{"type": kind} for kind in ("integer", "long", "float", "double", "string", "boolean", "auto")],
        VALUES,
    )
    for name in ("trim", "lowercase", "uppercase", "urldecode", "html_strip"):
        yield from _on_values(name, [{}, {"target_field": "t"}, {"ignore_missing": True}], TEXTS)
    yield from _on_values(
        "split", [{"separator": each} for each in (",", r"\s+", "", ".", "a*", "(?=b)", r"\d")], TEXTS
    )
    yield from _on_values("split", [{"separator": ",", "preserve_trailing": True}], TEXTS)
    yield from _on_values(
        "join", [{"separator": "-"}], [*TEXTS, [1, 2.5, True, "x"], [{"a": 1}], [1e20, 1e-7, 100.0, 1e7]]
    )
    yield from _on_values(
        "sort", [{}, {"order": "desc"}], [[], [3, 1, 2], ["b", "a", "C"], [2.5, 1.5], ["10", "9"], "x"]
    )
    replacements = (
        (r"\.", "-"),
        ("a", "b$0"),
        ("(a)(b)?", "$2$1"),
        ("(?<n>b)", "<${n}>"),
        ("x", "$9"),
        ("", "-"),
        (r"\s", "_"),
    )
    yield from _on_values("gsub", [{"pattern": one, "replacement": other} for one, other in replacements], TEXTS)
    yield from _on_values(
        "bytes", [{}], ["1kb", "1KB", "2 mb", " 1gb ", "1tb", "8191pb", "0", "-1", "1.5kb", "10", "x", ["1b", "1kb"]]
    )
    yield from _csv()
    yield from _dissect()
    yield from _kv()
    yield from _dots()
    yield from _fields()
    yield from _dates()
    yield from _conditions()


def _one(name: str, options: Mapping[str, Any], docs: Sequence[dict[str, Any]]) -> Question:
    return {"processors": [{name: dict(options)}]}, list(docs)


def _on_values(name: str, variants: Sequence[Mapping[str, Any]], values: Sequence[Any]) -> Iterator[Question]:
    docs = [*({"f": value} for value in values), {}]
    for options in variants:
        yield _one(name, {"field": "f", **options}, docs)


def _csv() -> Iterator[Question]:
    lines = (
        "", "a", "a,b", "a,b,", "A,,B,,", ",", '"a,b",c', 'a,"b ""q"" c",d', " a , b ", '"a" ,b', 'a,"b', 'a"b,c',
        '"a"b,c',
        "a\tb", " ", "a,b\n", 'x, "y" ,z', '""', "a;b", "\nb,c", " ,a",
    )  # fmt: skip
    variants: list[dict[str, Any]] = [
        {},
        {"trim": True},
        {"separator": ";"},
        {"quote": "'"},
        {"empty_value": "E"},
        {"target_fields": ["x"]},
    ]
    yield from _on_values("csv", [{"target_fields": ["x", "y", "z"], **options} for options in variants], lines)


def _dissect() -> Iterator[Question]:
    patterns = (
        "%{a} %{b}", "%{a->} %{b}", "[%{a}] %{b}", "%{+a} %{+a}", "%{+a/2} %{+a/1}", "%{*k}=%{&k}", "%{?x} %{b}",
        "%{} %{b}",
        "%{a},%{b},%{c}", "%{a->},%{b}", "%{a}", "%{a}, %{b}", "%{a}%{b}", "%{a}::%{b}", "%{+a} %{a}",
        "[%{t}]%{->}[%{l}]",
    )  # fmt: skip
    texts = (
        "foo bar", "foo  bar", "foo   bar baz", "[x] y", "a=b", "a,b,c", "a,,c", "a,,,c", ",,", "foo", "a::b",
        "a::::b", " a b",
        "a b c d", "[1]    [W]", "a, b", "a\nb c", "é ü 漢",
    )  # fmt: skip
    yield from _on_values("dissect", [{"pattern": pattern, "append_separator": "-"} for pattern in patterns], texts)


def _kv() -> Iterator[Question]:
    texts = (
        "a=1 b=2",
        "a=1",
        "=",
        "a=",
        "=b",
        "a=b=c",
        "  a=1  b=2 ",
        "a: [1], b: (2) c:<3>",
        "a='q' b=\"z\"",
        "k",
        "x.y=1",
    )
    variants: list[dict[str, Any]] = [
        {}, {"target_field": "t"}, {"include_keys": ["a"]}, {"exclude_keys": ["a"]}, {"prefix": "p_"},
        {"trim_value": "'\""},
        {"strip_brackets": True},
    ]  # fmt: skip
    docs = [{"f": text} for text in texts]
    for options in variants:
        yield _one("kv", {"field": "f", "field_split": " ", "value_split": "=", **options}, docs)
    yield _one("kv", {"field": "f", "field_split": r",?\s+", "value_split": ":", "strip_brackets": True}, docs)


def _dots() -> Iterator[Question]:
    docs: list[dict[str, Any]] = [
        {"a.b": 1}, {"a.b": 1, "a": {"b": 2}}, {"a.b": 1, "a": {"c": 2}}, {"a.b.c": 1}, {"a.b": [1], "a": {"b": [2]}},
        {"a": {"b.c": 1}}, {"a": {"b.c": 1, "b": {"c": 2}}}, {"a.b": {"c.d": 1}}, {}, {"a": 1},
    ]  # fmt: skip
    for options in ({"field": "a.b"}, {"field": "a.b.c"}, {"field": "b.c", "path": "a"}):
        yield _one("dot_expander", options, docs)


def _fields() -> Iterator[Question]:
    docs: list[dict[str, Any]] = [
        {}, {"a": 1}, {"a": None}, {"a": [1, 2], "b": "B"}, {"a": {"b": {"c": 0}}, "b": ""}, {"a": "s",
        "b": 'q"\n\\é/<&'},
        {"b": [1, "x", {"k": 1.5}]}, {"b": {"k": 1, "l": [1]}}, {"b": 1.5}, {"b": True}, {"b": 1e10}, {"b": None},
    ]  # fmt: skip
    values = (1, "{{b}}", "{{{b}}}", "{{b.0}}-{{b.k}}-{{c}}", {"x": ["{{b}}", 1, None]},
    "{{_id}}/{{_index}}/{{_source.b}}",
              "{{ b }}|{{{ b }}}|{{&b}}", "{{#toJson}}b{{/toJson}}", "{{b.size}}")  # fmt: skip
    for value in values:
        yield _one("set", {"field": "a", "value": value}, docs)
    for options in (
        {"field": "a.b.c"},
        {"field": "a.0"},
        {"field": "a", "override": False},
        {"field": ""},
        {"field": "_id"},
    ):
        yield _one("set", {**options, "value": "1"}, docs)
    yield _one("set", {"field": "a", "value": "{{b}}", "ignore_empty_value": True}, docs)
    for value in (1, [1, 2], "{{b}}", ["{{b}}", "x"]):
        yield _one("append", {"field": "a", "value": value}, docs)
        yield _one("append", {"field": "a", "value": value, "allow_duplicates": False}, docs)
    for field in ("a", "a.b", "a.0", ["a", "b"]):
        yield _one("remove", {"field": field}, docs)
    for field, target in (("a", "b"), ("a.b", "c"), ("a", "a.b"), ("a.0", "b"), ("a", "a")):
        yield _one("rename", {"field": field, "target_field": target}, docs)
    lists: list[dict[str, Any]] = [{"b": []}, {"b": [1, "x"]}, {"b": [{"k": 1}]}, {"b": None}, {}]
    yield _one("foreach", {"field": "b", "processor": {"append": {"field": "_ingest._value", "value": 7}}}, lists)


def _dates() -> Iterator[Question]:
    values: Sequence[Any] = (
        "2018-01-02", "2018-01-02T03:04:05Z", "2018-01-02T03:04:05.123456789+02:00", "1514764800", "1514764800.5",
        "1514764800123", "-1", "@4000000050d506482dbdf024", "02/01/2018 03:04:05", "2 Jan 2018", "2018", "20180102",
        "", "abc",
        1514764800, None, "29/02/2018", "02-01-18", "2018-02-30", "Jan 2, 2018 1:02 AM",
    )  # fmt: skip
    formats = (
        ["ISO8601"], ["UNIX"], ["UNIX_MS"], ["TAI64N"], ["yyyy-MM-dd"], ["dd/MM/yyyy HH:mm:ss"], ["d MMM yyyy"],
        ["yyyyMMdd"],
        ["dd/MM/yyyy"], ["dd-MM-yy"], ["MMM d, yyyy h:mm a"], ["yyyy-MM-dd", "ISO8601"],
    )  # fmt: skip
    variants: list[dict[str, Any]] = [{}, {"timezone": "Europe/Amsterdam"}, {"output_format": "epoch_millis"}]
    beyond = {"UNIX": "1514764800123"}  # a year with more than four digits
    for each in formats:
        docs = [{"f": value} for value in values if beyond.get(each[0]) != value]
        for options in variants:
            yield _one("date", {"field": "f", "formats": each, **options}, docs)


CONDITIONS = r"""
ctx.a == 'x'
ctx.a != 'x'
ctx.a == null
ctx?.a?.b == 3
ctx.a.b == 3
ctx['a'] == 'x'
ctx.a == 1
ctx.a == 1.5f
ctx.a > 1
ctx.a <= 10
ctx.a == ctx.b
ctx.a
!ctx.a
!(ctx.a == 'x')
ctx.a == 'x' || ctx.b == 'y' && ctx.c == 'z'
(ctx.a == 'x' || ctx.b == 'y') && ctx.c == 'z'
ctx.a != null && ctx.a.length() > 2
ctx.a.length() > 2
ctx.a instanceof String
ctx.a instanceof List
ctx.a instanceof Map
ctx.a instanceof Integer
ctx.a instanceof Number
ctx.a.contains('x')
ctx.a?.contains('x')
ctx.a.startsWith('x')
ctx.a.isEmpty()
ctx.a.size() > 1
ctx.a.containsKey('b')
!ctx.containsKey('a')
ctx.a.toLowerCase() == 'x'
'x'.equals(ctx.a)
'x'.equalsIgnoreCase(ctx.a)
ctx.a.indexOf('x') >= 0
ctx.a[0] == 'x'
ctx.a.0 == 'x'
['x','y'].contains(ctx.a)
ctx.a =~ /x/
ctx.a ==~ /x.*/
ctx.a == 'x' ? true : ctx.b == 'y'
ctx.a ?: false
ctx.a === null
return ctx.a == 'x';
ctx.a == "it's" || ctx.a == 'it\'s'
ctx.tags.contains('p') != true
ctx.a==1&&ctx.b==2||!ctx.containsKey('c')
!ctx.a == true
ctx.a.substring(1) == 'y,z'
"""


def _conditions() -> Iterator[Question]:
    docs: list[dict[str, Any]] = [
        {}, {"a": "x"}, {"a": "x", "b": "y", "c": "z"}, {"b": "y", "c": "z"}, {"a": None}, {"a": 1}, {"a": 1.0},
        {"a": 1.5, "b": 2},
        {"a": 1, "b": 2}, {"a": 1, "b": 1.0}, {"a": 2147483648}, {"a": True}, {"a": False, "b": True},
        {"a": {"b": 3}}, {"a": {}},
        {"a": ["x", "y"]}, {"a": []}, {"a": [1, 2]}, {"a": ""}, {"a": "xy,z"}, {"a": "it's"}, {"a": "X"},
        {"tags": ["p"]},
    ]  # fmt: skip
    for condition in CONDITIONS.strip().splitlines():
        yield _one("set", {"field": "met", "value": True, "if": condition}, docs)
