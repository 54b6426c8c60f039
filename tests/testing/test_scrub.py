from __future__ import annotations

from headpond.testing.scrub import Scrubber


def test_volatile_values_keep_their_type_only():
    assert Scrubber().scrub({"took": 7, "index_uuid": "abc", "n": 7}) == {
        "took": "<int>",
        "index_uuid": "<str>",
        "n": 7,
    }


def test_a_generated_id_keeps_its_identity():
    scrubber = Scrubber()
    first, second = "abcdefghijklmnopqrst", "ABCDEFGHIJKLMNOPQRST"
    scrubbed = scrubber.scrub([{"_id": first}, {"_id": second}, {"_id": first}, {"reason": f"[{first}]: gone"}])
    assert scrubbed == [{"_id": "<id:1>"}, {"_id": "<id:2>"}, {"_id": "<id:1>"}, {"reason": "[<id:1>]: gone"}]


def test_a_given_id_stays():
    assert Scrubber().scrub({"_id": "rivers"}) == {"_id": "rivers"}


def test_the_source_is_left_alone():
    source = {"took": 1, "reason": "[b, a]", "line": 3}
    assert Scrubber().scrub({"_source": source}) == {"_source": source}


def test_positions_hashes_and_the_order_of_names_go_out_of_messages():
    error = {"reason": "[1:20] failed on [b, c, a] @3fa2c1d in [i/0123456789012345678901]", "line": 1, "col": 20}
    assert Scrubber().scrub(error) == {"reason": "failed on [a, b, c] @<hash> in [i/<uuid>]"}
