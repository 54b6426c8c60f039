"""Bearer tokens: one fetch at a time, renewed in time, never shown."""

import base64
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs

import pytest

from headpond.errors import RestError
from headpond.inference.deadline import Deadline
from headpond.inference.invalid import status_exception
from headpond.inference.secrets import Secrets
from headpond.services._http import token
from headpond.services._http.token import Token, Tokens, client_credentials, fetch_token
from tests.services.provider import Asked, Provider, Reply

NEVER = Deadline.never()


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Source:
    """Makes tokens `1`, `2`, ...; every fetch waits for the gate."""

    def __init__(self, lifetime: float = 3600, failure: RestError | None = None) -> None:
        self.lifetime = lifetime
        self.failure = failure
        self.fetched = 0
        self.begun = threading.Event()
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self) -> Token:
        self.fetched += 1
        self.begun.set()
        assert self.gate.wait(30)
        if self.failure is not None:
            raise self.failure
        return Token(str(self.fetched), self.lifetime)


@pytest.mark.parametrize(("lifetime", "good_for"), [(3600, 3539), (60, 29), (0.0, None)])
def test_a_token_is_kept_until_shortly_before_it_expires(lifetime: float, good_for: float | None) -> None:
    clock, source = Clock(), Source(lifetime)
    tokens = Tokens(clock)
    assert tokens.get("k", source, NEVER) == "1"
    if good_for is not None:
        clock.now += good_for
        assert tokens.get("k", source, NEVER) == "1"
        clock.now += 2
    assert tokens.get("k", source, NEVER) == "2"


def test_the_time_of_the_fetch_counts() -> None:
    clock = Clock()
    tokens = Tokens(clock)

    def slowly() -> Token:
        clock.now += 50
        return Token("slow", 100)

    assert tokens.get("k", slowly, NEVER) == "slow"
    assert tokens.get("k", lambda: Token("next", 100), NEVER) == "next"


def test_a_rotated_secret_has_a_token_of_its_own_and_old_ones_are_dropped() -> None:
    clock = Clock()
    tokens = Tokens(clock)
    old, new = Secrets({"client_secret": "a"}), Secrets({"client_secret": "b"})
    assert tokens.get(old, lambda: Token("of a", 600), NEVER) == "of a"
    clock.now += 599
    assert tokens.get(new, lambda: Token("of b", 600), NEVER) == "of b"
    assert not tokens.forget(old)
    assert tokens.forget(new)
    assert tokens.get(new, lambda: Token("again", 600), NEVER) == "again"


Together = Callable[[Tokens, Source], list[str]]


@pytest.fixture
def together(monkeypatch: pytest.MonkeyPatch) -> Together:
    """What one who fetches and four who wait for it get."""
    waiting = threading.Semaphore(0)
    wait = token._wait

    def counted(*args: Any) -> str | None:
        waiting.release()
        return wait(*args)

    monkeypatch.setattr(token, "_wait", counted)

    def run(tokens: Tokens, source: Source) -> list[str]:
        def get() -> str:
            try:
                return tokens.get("k", source, NEVER)
            except RestError as error:
                return error.reason

        source.gate.clear()
        with ThreadPoolExecutor(5) as pool:
            first = pool.submit(get)
            assert source.begun.wait(30)
            others = [pool.submit(get) for _ in range(4)]
            assert all(waiting.acquire(timeout=30) for _ in others)
            source.gate.set()
            return [future.result(30) for future in (first, *others)]

    return run


def test_one_fetches_and_the_others_wait_for_it(together: Together) -> None:
    source = Source()
    assert together(Tokens(), source) == ["1"] * 5
    assert source.fetched == 1


def test_those_who_wait_get_the_refusal_too_and_it_is_not_kept(together: Together) -> None:
    source = Source(failure=status_exception(401, "no"))
    tokens = Tokens()
    assert together(tokens, source) == ["no"] * 5
    assert source.fetched == 1
    source.failure = None
    assert tokens.get("k", source, NEVER) == "2"


def test_the_time_of_one_is_not_the_time_of_the_others(together: Together) -> None:
    source = Source(failure=status_exception(408, "late"))
    tokens = Tokens()
    assert together(tokens, source) == ["late"] * 5
    assert source.fetched == 5


def test_who_waits_too_long_is_told() -> None:
    source = Source()
    source.gate.clear()
    tokens = Tokens()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(tokens.get, "k", source, NEVER)
        assert source.begun.wait(30)
        with pytest.raises(RestError, match="Request timed out after"):
            tokens.get("k", source, Deadline.after(0.05))
        source.gate.set()
        assert first.result(30) == "1"


def token_answer(asked: Asked) -> Reply:
    return Reply(body={"access_token": "t0ken", "token_type": "Bearer", "expires_in": 3600})


def test_client_credentials_are_posted_as_a_form(provider: Provider) -> None:
    provider.always = token_answer
    url = f"{provider.url}/oauth/token"
    made = client_credentials("e", url, "an id", "hunter2:ü", ["read", "https://x/.default"], NEVER)
    assert (made.value, made.lifetime) == ("t0ken", 3600)
    (asked,) = provider.asked
    assert (asked.method, asked.path) == ("POST", "/oauth/token")
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    basic = base64.b64encode(b"an+id:hunter2%3A%C3%BC").decode()
    assert asked.headers["authorization"] == f"Basic {basic}"
    assert parse_qs(asked.body.decode()) == {
        "grant_type": ["client_credentials"],
        "scope": ["read https://x/.default"],
    }


@pytest.mark.parametrize(
    ("body", "lifetime"),
    [
        ({"access_token": "t", "expires_in": "59"}, 59),
        ({"access_token": "t", "expires_in": "soon"}, 0),
        ({"access_token": "t", "expires_in": None}, 0),
        ({"access_token": "t"}, 0),
        ({"access_token": "t", "expires_in": -1}, 0),
        ({"access_token": "t", "expires_in": "inf"}, 0),
    ],
)
def test_lifetimes(provider: Provider, body: dict[str, object], lifetime: float) -> None:
    provider.then(Reply(body=body))
    assert fetch_token("e", provider.url, {}, Secrets(), NEVER).lifetime == lifetime


@pytest.mark.parametrize(
    "body",
    [
        {"error": "invalid_client", "error_description": "hunter2 is wrong"},
        {"errorCode": "BXNIM0415E", "errorMessage": "hunter2 is wrong"},
        {"error": "hunter2 is wrong"},
    ],
)
def test_a_refusal_is_told_in_elasticsearchs_words(provider: Provider, body: dict[str, str]) -> None:
    provider.then(Reply(401, body))
    with pytest.raises(RestError) as caught:
        fetch_token("e", provider.url, {"apikey": "hunter2"}, Secrets({"api_key": "hunter2"}), NEVER)
    assert caught.value.status == 401
    assert caught.value.reason == (
        "Received an authentication error status code for request to generate Bearer Token from inference entity id"
        " [e] status [401]. Error message: [*** is wrong]"
    )


def test_a_busy_token_server_is_asked_again(provider: Provider) -> None:
    provider.then(Reply(503, {}, {"retry-after": "0"}))
    provider.always = token_answer
    assert fetch_token("e", provider.url, {}, Secrets(), NEVER).value == "t0ken"


@pytest.mark.parametrize("value", [None, "", 7, "two\nlines"])
def test_an_answer_without_a_token_is_refused(provider: Provider, value: object) -> None:
    provider.always = lambda asked: Reply(body={"access_token": value})
    with pytest.raises(RestError, match="for request to generate Bearer Token from inference entity id"):
        fetch_token("e", provider.url, {}, Secrets(), NEVER)


def test_a_token_server_that_hangs_ends_with_the_deadline(provider: Provider) -> None:
    provider.always = lambda asked: Reply(hangs=True)
    with pytest.raises(RestError) as caught:
        fetch_token("e", provider.url, {}, Secrets(), Deadline.after(0.3))
    assert caught.value.status == 408


def test_nothing_shows_a_token_or_a_secret(provider: Provider, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    provider.always = token_answer
    tokens = Tokens()

    def fetch() -> Token:
        return client_credentials("e", provider.url, "id", "hunter2", ["s"], NEVER)

    tokens.get(Secrets({"client_secret": "hunter2"}), fetch, NEVER)
    shown = f"{caplog.text} {tokens._kept!r} {fetch()!r}"
    assert "t0ken" not in shown
    assert "hunter2" not in shown
    assert base64.b64encode(b"id:hunter2").decode() not in shown
