"""What the caller of an endpoint gets when its provider misbehaves, for every service; see `case.py`."""

import json
from typing import Any

import pytest

from tests.services.case import SECRET, Case
from tests.services.clock import Clock
from tests.services.provider import Asked, Reply
from tests.services.stand import PIECEWISE, WHOLE, Refusal, Stand, Way, standing

GIVE_UP_SECONDS = 10
RANKED = ("text_embedding", "sparse_embedding", "rerank")
EVERY = WHOLE + PIECEWISE
NUMBERED = [way for way in WHOLE if way.case.task_type in RANKED]
LISTED = [way for way in NUMBERED if way.case.max_inputs != 1]
FETCHING = [way for way in WHOLE if way.case.fetches is not Case.fetches]
BATCHED = [way for way in WHOLE if way.case.max_inputs]


def on(ways: list[Way]) -> pytest.MarkDecorator:
    """Runs a test on the stands of these ways, all tests of one after the other."""
    return pytest.mark.parametrize("stand", ways, ids=str, indirect=True, scope="module")


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Waits between attempts take no time, and there are fewer."""
    monkeypatch.setattr("headpond.services._http.retry.GIVE_UP_SECONDS", GIVE_UP_SECONDS)
    return Clock(monkeypatch)


def recovers(stand: Stand) -> None:
    """Once the provider is well, everything is there again."""
    stand.answers()
    assert stand.ask() == stand.wanted


PREFIXES = {
    401: "Received an authentication error status code",
    403: "Received a permission denied error status code",
    404: "Resource not found at [http://127.0.0.1:",
    413: "Received a content too large status code",
    429: "Received a rate limit status code",
    500: "Received a server error status code",
    503: "Received a server ",
}


def refuses(stand: Stand, status: int, passed_on: int) -> None:
    """A status that stays is passed on with the provider's words."""
    stand.answers(then=lambda asked: stand.error(status, f"because {SECRET}"))
    refusal = stand.refused()
    assert (status, refusal.status) == (status, passed_on)
    assert refusal.reason.startswith({**PREFIXES, **stand.way.case.words}[status])
    assert refusal.reason.endswith(
        f" for request from inference entity id [e] status [{status}]. Error message: [because ***]"
    )


@on(EVERY)
def test_a_status_that_is_final_is_passed_on(stand: Stand, clock: Clock) -> None:
    for status in (401, 403, 404, 413):
        refuses(stand, status, status)
        if status == 413 and stand.way.case.task_type in RANKED[:2]:
            continue  # embeddings are tried again with shorter texts
        attempts = 2 if status == 401 and stand.way.case.renews else 1
        assert (status, len(stand.asked)) == (status, attempts)
    assert len(clock.slept) == (1 if stand.way.case.renews else 0)
    recovers(stand)


@on([way for way in WHOLE if way.case.task_type in RANKED[:2]])
def test_texts_that_are_too_long_are_halved_until_they_fit(stand: Stand) -> None:
    stand.answers(stand.error(413), stand.error(413))
    (found,) = stand.ask(["abcdefgh"]).values()
    assert len(found) == 1
    assert len(stand.asked) == 3
    assert len(stand.asked[0].body) > len(stand.asked[1].body) > len(stand.asked[2].body)


@on(EVERY)
def test_a_passing_trouble_is_waited_for(stand: Stand, clock: Clock) -> None:
    for status in stand.way.case.retried:
        clock.slept.clear()
        stand.answers(stand.error(status), stand.error(status))
        assert (status, stand.outcome()) == (status, stand.wanted)
        assert len(stand.asked) == 3
        assert len({asked.body for asked in stand.asked}) == 1
        assert len(clock.slept) == 2


@on(EVERY)
def test_a_lasting_trouble_is_passed_on_in_the_end(stand: Stand, clock: Clock) -> None:
    for status, passed_on in [(429, 429), (500, 400), (503, 400)]:
        clock.slept.clear()
        refuses(stand, status, passed_on)
        again = status in stand.way.case.retried
        assert (len(stand.asked) > 2) if again else (len(stand.asked) == 1)
        assert sum(clock.slept) <= GIVE_UP_SECONDS
    recovers(stand)


@on(EVERY)
def test_the_wait_that_a_provider_asks_for_is_kept(stand: Stand, clock: Clock) -> None:
    stand.answers(stand.error(429, headers={"retry-after": "7"}))
    assert stand.ask() == stand.wanted
    assert len(stand.asked) == 2
    assert len(clock.slept) == 1
    assert 7 <= clock.slept[0] <= 8


@on(EVERY)
def test_a_wait_beyond_the_timeout_is_not_begun(stand: Stand, clock: Clock) -> None:
    stand.answers(stand.error(429, headers={"retry-after": "60"}))
    refusal = stand.refused(timeout="20s")
    assert refusal.status == 429
    assert refusal.headers["retry-after"] == "60"
    assert len(stand.asked) == 1
    assert not clock.slept


@on(EVERY)
def test_a_broken_connection_is_tried_again(stand: Stand) -> None:
    stand.answers(Reply(reset=True), Reply(reset=True))
    assert stand.ask() == stand.wanted
    assert len(stand.asked) == 3


@on(EVERY)
def test_connections_that_always_break_are_given_up(stand: Stand, clock: Clock) -> None:
    stand.answers(then=lambda asked: Reply(reset=True))
    refusal = stand.refused()
    assert (refusal.status, refusal.type) == (500, "i_o_exception")
    assert refusal.reason.startswith(f"Failed to send request to [{stand.provider.url}")
    assert len(stand.asked) > 2
    assert sum(clock.slept) <= GIVE_UP_SECONDS
    recovers(stand)


@pytest.mark.parametrize("way", EVERY, ids=str)
def test_a_provider_that_hangs_is_left_in_time(way: Way) -> None:
    # A server of its own: a request that was given up may arrive there late.
    with standing(way) as stand:
        begun = {"content-type": "text/event-stream", **way.case.answer(stand.good).headers} if way.streamed else {}
        for hung in (Reply(hangs=True), Reply(headers=begun, unfinished=True)):
            stand.answers(then=lambda asked, hung=hung: hung)  # type: ignore[misc]
            refusal = stand.refused(timeout="30ms")
            assert (refusal.status, refusal.type) == (408, "status_exception")
            assert refusal.reason == "Request timed out after [30ms]"
            assert len(stand.asked) <= 2


NONSENSE = {
    "nothing": b"",
    "blanks": b" \n",
    "a page": b"<html>",
    "null": b"null",
    "a number": b"5",
    "a text": b'"x"',
    "a list": b"[]",
    "an object": b"{}",
    "too deep": b"[" * 5000,
}


def malformed(stand: Stand, what: str, body: bytes) -> None:
    """Such an answer is refused after one more try, and after one good try forgotten."""
    stand.answers(then=lambda asked: Reply(body=body))
    refusal = stand.outcome()
    assert isinstance(refusal, Refusal), (what, refusal)
    assert (refusal.status, refusal.type) == (500, "illegal_state_exception"), (what, refusal.reason)
    assert refusal.reason.endswith(" for request from inference entity id [e]")
    assert len(stand.asked) == 2
    stand.answers(Reply(body=body))
    assert stand.ask() == stand.wanted
    assert len(stand.asked) == 2


@on(WHOLE)
def test_an_answer_that_is_none_is_refused(stand: Stand) -> None:
    whole = stand.way.case.answer(stand.good).content()
    for what, body in {**NONSENSE, "half": whole[: len(whole) // 2]}.items():
        malformed(stand, what, body)


@on(WHOLE)
def test_an_answer_whose_connection_ends_early_is_asked_for_again(stand: Stand) -> None:
    stand.answers(Reply(body=b"{", cut=True))
    assert stand.ask() == stand.wanted
    assert len(stand.asked) == 2


@on(NUMBERED)
def test_what_is_no_number_is_refused(stand: Stand) -> None:
    good = stand.way.case.answer(stand.good).body
    for number in ("NaN", "1e999", "-1e999", "1e39", '"x"', "null", "true", "[]", "{}"):
        malformed(stand, number, with_numbers(good, number))


@on(LISTED)
def test_a_wrong_count_of_results_is_refused(stand: Stand) -> None:
    good, count = stand.way.case.answer(stand.good).body, len(stand.texts)
    fewer = with_count(good, count, -1)
    if stand.way.case.task_type == "rerank":  # providers may cut a ranking themselves
        stand.answers(then=lambda asked: Reply(body=fewer))
        assert stand.ask()["rerank"] == stand.wanted["rerank"][:-1]
    else:
        malformed(stand, "too few", fewer)
    malformed(stand, "too many", with_count(good, count, 1))
    malformed(stand, "none", with_count(good, count, None))


@on(WHOLE)
def test_an_answer_that_is_too_long_is_refused_at_once(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headpond.services._http.client.MAX_ANSWER_BYTES", 1000)
    stand.answers(then=lambda asked: Reply(body=b" " * 2000))
    refusal = stand.refused()
    assert refusal.status == 400
    assert refusal.reason.endswith("the answer is longer than 1000 bytes")
    assert len(stand.asked) == 1


@on(BATCHED)
def test_a_batch_that_fails_fails_the_request_and_nothing_is_lost(stand: Stand) -> None:
    case = stand.way.case
    assert case.max_inputs is not None
    texts = ["x" * (1 + number % 7) for number in range(2 * case.max_inputs + 1)]
    for fault, status in [(stand.error(403), 403), (Reply(reset=True), 500), (Reply(body=b"{}"), 500)]:
        first: list[bytes] = []

        def second_fails(asked: Asked, first: list[bytes] = first, fault: Reply = fault) -> Reply:
            first.append(asked.body) if not first else None
            return case.answer(asked) if asked.body == first[0] else fault

        stand.answers(then=second_fails)
        assert stand.refused(texts).status == status
        assert len({asked.body for asked in stand.asked}) == 2  # the third was never asked for
    stand.answers()
    (found,) = stand.ask(texts).values()
    assert len(found) == len(texts)
    if case.task_type == "text_embedding":
        assert [item["embedding"][0] for item in found] == [len(text) for text in texts]


TOKENLESS = {
    "refused": Reply(401, {"error": "invalid_client", "error_description": f"bad {SECRET}2"}),
    "busy": Reply(503, b"<html>"),
    "broken": Reply(reset=True),
    "no token": Reply(body=b"{}"),
    "a page": Reply(body=b"<html>"),
}


@on(FETCHING)
def test_credentials_that_cannot_be_fetched_refuse_the_endpoint(stand: Stand) -> None:
    case, put = stand.way.case, stand.client.options(ignore_status=400).inference.put
    config = json.loads(json.dumps(stand.config).replace(SECRET, f"{SECRET}2"))
    for what, fault in TOKENLESS.items():
        stand.answers(tokens=fault)
        answer = put(inference_id="f", task_type=case.task_type, inference_config=config).body
        assert answer["status"] == 400
        assert "inference entity id [f]" in answer["error"]["caused_by"]["reason"]
        assert SECRET not in str(answer)
        assert not stand.asked
        assert (len(stand.provider.asked) > 1) == (what != "refused")
    stand.answers()
    assert "error" not in put(inference_id="f", task_type=case.task_type, inference_config=config).body


def with_numbers(body: Any, number: str) -> bytes:
    """An answer with something else in the place of every number with a point."""

    def replaced(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: replaced(item) for name, item in value.items()}
        if isinstance(value, list):
            return [replaced(item) for item in value]
        return "@number" if isinstance(value, float) else value

    text = json.dumps(replaced(body))
    assert "@number" in text, text
    return text.replace('"@number"', number).encode()


def with_count(body: Any, count: int, more: int | None) -> bytes:
    """An answer whose lists of so many items have one more or less, or none at all."""
    changed = []

    def counted(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: counted(item) for name, item in value.items()}
        if not isinstance(value, list):
            return value
        if len(value) != count:
            return [counted(item) for item in value]
        changed.append(value)
        return [] if more is None else value[:more] if more < 0 else value + value[:more]

    found = counted(body)
    assert changed, body
    return json.dumps(found).encode()
