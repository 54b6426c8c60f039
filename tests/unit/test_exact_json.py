from __future__ import annotations

import numpy as np
import orjson
import pytest

from headpond import exact_json
from headpond.repeated_keys import repeated_key

LARGE = 123456789012345678901234


@pytest.mark.parametrize("number", [0, 2**63 - 1, -(2**63), 2**64 - 1, 2**64, -(2**63) - 1, LARGE, -LARGE])
def test_a_whole_number_keeps_its_digits(number: int) -> None:
    text = b'{"a": [{"n": %d}]}' % number
    value = exact_json.loads(text)
    assert value == {"a": [{"n": number}]}
    assert exact_json.dumps(value) == text.replace(b" ", b"")


def test_the_options_of_orjson_hold_for_large_numbers_too() -> None:
    value = {"b": LARGE, "a": np.array([1, 2], np.float32), "c": (LARGE,)}
    options = orjson.OPT_SORT_KEYS | orjson.OPT_SERIALIZE_NUMPY
    assert exact_json.dumps(value, options) == b'{"a":[1.0,2.0],"b":%d,"c":[%d]}' % (LARGE, LARGE)
    assert exact_json.dumps([{1}, LARGE], default=sorted) == b"[[1],%d]" % LARGE


@pytest.mark.parametrize("text", [b"{", b"[NaN, 12345678901234567890]", b"1" * 400, b'"\xff"'])
def test_what_is_no_json_is_refused(text: bytes) -> None:
    with pytest.raises(orjson.JSONDecodeError):
        exact_json.loads(text)


def test_long_digits_in_texts_and_fractions_stay_what_they_are() -> None:
    text = b'{"id": "12345678901234567890123", "f": 0.12345678901234567890}'
    assert exact_json.loads(text) == {"id": "12345678901234567890123", "f": 0.12345678901234567890}


@pytest.mark.parametrize(
    "text", [b"[0.0000000001234567890123, %d]", b'{"f":-1.12345678901234567890e-5,"n":%d}', b"[%d]"]
)
def test_large_numbers_are_found_behind_long_fractions(text: bytes) -> None:
    value = exact_json.loads(text % LARGE)
    assert LARGE in (value if isinstance(value, list) else value.values())


def test_what_is_not_json_is_not_written() -> None:
    with pytest.raises(orjson.JSONEncodeError, match="set"):
        exact_json.dumps({"a": {1}})
    with pytest.raises(orjson.JSONEncodeError, match="set"):
        exact_json.dumps([LARGE, {1}])


REPEATED = {
    '{"a": 1, "a": 2}': "a",
    '{"a": 1, "b": {"c": 1, "c": {}}}': "c",
    '{"a": [{"b": 1}, {"b": 1, "b": 1}]}': "b",
    '{"a":1,"a"  :2}': "a",
    '{"a"\t:1,"b"\n:1,"a":2}': "a",
    '{"a": [1, {"b": 1, "b": 2}]}': "b",
    '{"\\u0061": 1, "a": 2}': "a",
    '{"a": {"b": 1}, "b": {"a": 1}, "c": "\\": :"}': None,
    '{"a": "x\\":y\\" :z"}': None,
    '{"a": "http://x:9200", "b": {"c": "10:30"}}': None,
    '{"a": "10:30", "b": {"c": 1, "c": 2}}': "c",
    '{"a": [0.1, 0.2], "a": ":"}': "a",
    "{}": None,
}


@pytest.mark.parametrize(("text", "key"), REPEATED.items())
def test_a_key_that_stands_twice_is_found(text: str, key: str | None) -> None:
    assert repeated_key(text.encode(), orjson.loads(text)) == key
