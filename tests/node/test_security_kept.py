"""What security keeps: hashes instead of secrets, in a file of its own, over a restart."""

from __future__ import annotations

import base64
import logging
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from elasticsearch import AuthenticationException, AuthorizationException, Elasticsearch

from headpond.errors import RestError
from headpond.node import Node
from headpond.node.security.kept import FILE_NAME
from headpond.node.security.secret_hash import Verifier, hashed, matches
from headpond.node.transport import node_class

SECRET = "only-for-elastic"
URL = "http://pond:9200"


def client(node: Node, user: str = "elastic", password: str = SECRET) -> Elasticsearch:
    return Elasticsearch(URL, node_class=node_class(node), basic_auth=(user, password), max_retries=0)


@pytest.fixture
def node() -> Iterator[Node]:
    node = Node(None, security=True, password=SECRET)
    yield node
    node.close()


def everything_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


def test_users_roles_and_keys_outlive_a_restart(tmp_path: Path) -> None:
    with client(Node(tmp_path, security=True, password=SECRET)) as es:
        es.security.put_role(name="r", indices=[{"names": ["a*"], "privileges": ["read"]}], metadata={"m": 1})
        es.security.put_user(username="u", password="secret-of-u", roles=["r"], full_name="U", metadata={"k": [1]})
        made = es.security.create_api_key(name="k", expiration="1d", metadata={"n": 1})
        ended = es.security.create_api_key(name="ended")
        es.security.invalidate_api_key(ids=[ended["id"]])
        es.indices.create(index="a1")
        shown = es.security.get_api_key().body, es.security.get_user().body, es.security.get_role().body
    again = Node(tmp_path, security=True, password="ignored-later")
    try:
        assert again.security is not None
        assert not again.security.is_new
        es = client(again)
        assert (es.security.get_api_key().body, es.security.get_user().body, es.security.get_role().body) == shown
        assert client(again, "u", "secret-of-u").count(index="a1")["count"] == 0
        by_key = Elasticsearch(URL, node_class=node_class(again), api_key=made["encoded"], max_retries=0)
        assert by_key.security.authenticate()["api_key"]["id"] == made["id"]
        with pytest.raises(AuthenticationException) as caught:
            by_key.options(api_key=ended["encoded"]).security.authenticate()
        assert "has been invalidated" in str(caught.value.body)
    finally:
        again.close()


def test_no_secret_is_kept_in_the_open(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with client(Node(tmp_path, security=True, password=SECRET)) as es:
        es.security.put_user(username="u", password="secret-of-u", roles=[])
        made = es.security.create_api_key(name="k")
        es.security.change_password(username="u", password="newer-secret-of-u")
        with pytest.raises(AuthenticationException) as caught:
            es.options(basic_auth=("u", "secret-of-u")).security.authenticate()
        shown = repr(es.security.get_user().body) + repr(es.security.get_api_key().body) + repr(caught.value.body)
        kept = everything_in(tmp_path)
    for secret in (SECRET, "secret-of-u", "newer-secret-of-u", made["api_key"], made["encoded"]):
        assert secret.encode() not in kept
        assert secret.encode() not in everything_in(tmp_path)
        assert secret not in shown
        assert not [line for line in caplog.messages if secret in line]
    assert b"scrypt$" in kept


def test_only_the_owner_can_read_the_file(tmp_path: Path) -> None:
    Node(tmp_path, security=True).close()
    assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600
    assert not [file for file in tmp_path.iterdir() if FILE_NAME in file.name and file.stat().st_mode & 0o077]


def test_a_pond_without_security_asks_nobody_and_keeps_nothing(tmp_path: Path) -> None:
    Node(tmp_path, security=True, password=SECRET).close()
    node = Node(tmp_path)
    with Elasticsearch(URL, node_class=node_class(node)) as es:
        assert es.info()["tagline"]
    Node(tmp_path / "other").close()
    assert not (tmp_path / "other" / FILE_NAME).exists()


def test_a_password_that_is_made_up_is_given_once() -> None:
    node = Node(None, security=True)
    assert node.security is not None
    password = node.security.take_password()
    assert password is not None
    assert len(password) >= 20
    assert node.security.take_password() is None
    with client(node, password=password) as es:
        assert es.security.authenticate()["roles"] == ["superuser"]


def test_a_password_that_was_given_is_not_given_out(node: Node) -> None:
    assert node.security is not None
    assert node.security.take_password() is None


def test_a_short_password_is_refused_and_the_folder_is_free_again(tmp_path: Path) -> None:
    with pytest.raises(RestError, match="at least \\[6\\] characters"):
        Node(tmp_path, security=True, password="abc")
    Node(tmp_path).close()


def test_elastic_gets_another_password(tmp_path: Path) -> None:
    node = Node(tmp_path, security=True, password=SECRET)
    assert node.security is not None
    with client(node) as es:
        assert es.security.authenticate()
        node.security.reset_password("another-one")
        with pytest.raises(AuthenticationException):
            es.security.authenticate()
        assert client(node, password="another-one").security.authenticate()
        node.security.reset_password()
        assert client(node, password=node.security.take_password() or "").security.authenticate()


def test_a_changed_user_is_another_at_once(node: Node) -> None:
    es, u = client(node), client(node, "u", "secret-of-u")
    es.security.put_role(name="r", cluster=["monitor"])
    es.security.put_user(username="u", password="secret-of-u", roles=["r"])
    assert u.info()
    es.security.put_role(name="r", cluster=[])
    with pytest.raises(AuthorizationException):
        u.info()
    es.security.put_user(username="u", roles=["superuser"])
    assert u.info()
    es.security.put_user(username="u", password="other-secret", roles=["superuser"])
    with pytest.raises(AuthenticationException):
        u.info()
    u = client(node, "u", "other-secret")
    assert u.info()
    es.security.disable_user(username="u")
    with pytest.raises(AuthenticationException):
        u.info()
    es.security.enable_user(username="u")
    assert u.info()
    es.security.delete_user(username="u")
    with pytest.raises(AuthenticationException):
        u.info()


def test_a_key_that_has_been_of_no_use_for_a_week_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with client(Node(tmp_path, security=True, password=SECRET)) as es:
        kept = es.security.create_api_key(name="kept")
        es.security.create_api_key(name="short", expiration="1h")
        ended = es.security.create_api_key(name="ended")
        es.security.invalidate_api_key(ids=[ended["id"]])
    monkeypatch.setattr("headpond.node.security.api_keys.RETENTION_MILLIS", -2 * 3600 * 1000)
    with client(Node(tmp_path, security=True)) as es:
        assert [key["id"] for key in es.security.get_api_key()["api_keys"]] == [kept["id"]]


def test_hashes_are_salted_and_say_how_they_were_made() -> None:
    first, second = hashed("secret"), hashed("secret")
    assert first != second
    assert first.startswith("scrypt$16384$8$1$")
    assert matches("secret", first)
    assert not matches("secrets", first)
    assert matches("pässwörd\ud800", hashed("pässwörd\ud800"))


def test_long_passwords_count_to_their_end() -> None:
    assert not matches("p" * 199, hashed("p" * 200))


def test_what_was_right_is_remembered_without_being_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    verifier, kept, other = Verifier(), hashed("secret"), hashed("other")
    assert verifier.check("secret", kept)
    calls: list[str] = []

    def slow(secret: str, hash: str) -> bool:
        calls.append(secret)
        return matches(secret, hash)

    monkeypatch.setattr("headpond.node.security.secret_hash.matches", slow)
    assert verifier.check("secret", kept)
    assert calls == []
    assert not verifier.check("wrong", kept)
    assert not verifier.check("secret", other)
    assert not verifier.check("secret", None)
    assert calls == ["wrong", "secret", "secret"], "somebody who does not exist costs as much as a wrong secret"
    assert "secret" not in repr(vars(verifier))


def test_a_key_is_what_its_parts_make(node: Node) -> None:
    made = client(node).security.create_api_key(name="k")
    assert base64.b64decode(made["encoded"]).decode() == f"{made['id']}:{made['api_key']}"
    assert len(made["api_key"]) == 22, "128 bits"
