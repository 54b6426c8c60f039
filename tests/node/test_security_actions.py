"""Every route has an action, and every role may do what its privileges say and nothing else."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from headpond.node import Node, Request
from headpond.node.router import Router, routes
from headpond.node.security.actions import ANYBODY, UNLISTED, action_of
from headpond.node.security.cluster_privileges import PRIVILEGES as CLUSTER
from headpond.node.security.cluster_privileges import is_cluster_action
from headpond.node.security.index_privileges import is_index_action
from headpond.node.security.patterns import matches

PASSWORD = "labpass-1"


def test_every_route_has_an_action() -> None:
    """A new route says `@route(..., action=...)`: without one it is left to those who may do everything."""
    Router()
    found = routes()
    assert len(found) > 100
    assert [f"{method} {path}" for method, path, operation in found if operation.action == UNLISTED] == []
    strange = {
        operation.action
        for _, _, operation in found
        if operation.action != ANYBODY
        and not is_cluster_action(operation.action)
        and not is_index_action(operation.action)
    }
    assert strange == set()


def test_only_lists_and_refusals_are_for_anybody() -> None:
    open_to_all = {path for _, path, operation in routes() if operation.action == ANYBODY}
    assert {path for path in open_to_all if not path.endswith("/**")} == {"/_cat"}


def test_a_route_that_nobody_listed_is_left_to_those_who_may_do_everything() -> None:
    assert action_of("POST", "/_something/{id}") == UNLISTED
    assert [name for name, privilege in CLUSTER.items() if privilege.grants(UNLISTED)] == ["manage", "all"]
    assert action_of("GET", "/_inference/_new/{id}") == "cluster:monitor/xpack/inference/get"


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("a*", "abc", True),
        ("a*", "ABC", False),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("a*", "a1*", True),
        ("a1*", "a*", False),
        ("p?", "p*", False),
        ("p?q", "p?q", True),
        ("*", "?", True),
        ("a.c", "abc", False),
        ("[ab]", "a", False),
    ],
)
def test_patterns(pattern: str, text: str, expected: bool) -> None:
    assert matches(pattern, text) is expected


# Role -> its body, none for the built-in ones; request -> the roles that may send it, besides the superuser.
ROLES: dict[str, dict[str, object]] = {
    "superuser": {},
    "inference_admin": {},
    "inference_user": {},
    "watcher": {"cluster": ["monitor"]},
    "manager": {"cluster": ["manage"]},
    "guard": {"cluster": ["manage_security"]},
    "plumber": {"cluster": ["manage_ingest_pipelines"]},
    "plumber_of_old": {"cluster": ["manage_pipeline"]},
    "onlooker": {"cluster": ["read_pipeline"]},
    "reader": {"indices": [{"names": ["lib*"], "privileges": ["read"]}]},
    "writer": {"indices": [{"names": ["lib*"], "privileges": ["write"]}]},
    "owner": {"indices": [{"names": ["lib*"], "privileges": ["all"]}]},
    "nobody": {},
}
TABLE: dict[tuple[str, str, str], set[str]] = {
    ("GET", "/", ""): {"watcher", "manager"},
    ("GET", "/_cluster/health", ""): {"watcher", "manager"},
    ("GET", "/_license", ""): {"watcher", "manager"},
    ("GET", "/_nodes", ""): {"watcher", "manager"},
    ("PUT", "/_inference/sparse_embedding/new", '{"service": "fake", "service_settings": {}}'): {
        "inference_admin", "manager",
    },
    ("PUT", "/_inference/e/_update", '{"service_settings": {"rate_limit": {"requests_per_minute": 9}}}'): {
        "inference_admin", "manager",
    },
    ("GET", "/_inference/e", ""): {"inference_admin", "inference_user", "watcher", "manager"},
    ("GET", "/_inference/_all", ""): {"inference_admin", "inference_user", "watcher", "manager"},
    ("POST", "/_inference/sparse_embedding/e", '{"input": "a"}'): {
        "inference_admin", "inference_user", "watcher", "manager",
    },
    ("POST", "/_inference/e", '{"input": "a"}'): {"inference_admin", "inference_user", "watcher", "manager"},
    ("DELETE", "/_inference/sparse_embedding/e", ""): {"inference_admin", "manager"},
    ("PUT", "/_ingest/pipeline/p", '{"processors": []}'): {"manager", "plumber", "plumber_of_old"},
    ("GET", "/_ingest/pipeline", ""): {"manager", "plumber", "plumber_of_old", "onlooker"},
    ("GET", "/_ingest/pipeline/p", ""): {"manager", "plumber", "plumber_of_old", "onlooker"},
    ("POST", "/_ingest/pipeline/p/_simulate", '{"docs": [{"_source": {}}]}'): {
        "manager", "plumber", "plumber_of_old", "onlooker",
    },
    ("POST", "/_ingest/pipeline/_simulate", '{"pipeline": {"processors": []}, "docs": [{"_source": {}}]}'): {
        "manager", "plumber", "plumber_of_old", "onlooker",
    },
    ("DELETE", "/_ingest/pipeline/p", ""): {"manager", "plumber", "plumber_of_old"},
    ("GET", "/_security/user", ""): {"guard"},
    ("PUT", "/_security/user/u", '{"password": "abcdefg", "roles": []}'): {"guard"},
    ("PUT", "/_security/role/r", "{}"): {"guard"},
    ("GET", "/_security/role/superuser", ""): {"guard"},
    ("POST", "/_security/api_key", '{"name": "k"}'): {"guard"},
    ("GET", "/_security/api_key", ""): {"guard"},
    ("DELETE", "/_security/api_key", '{"name": "k"}'): {"guard"},
    ("GET", "/_security/_authenticate", ""): set(ROLES),
    ("GET", "/lib/_search", ""): {"reader", "owner"},
    ("GET", "/lib/_count", ""): {"reader", "owner"},
    ("GET", "/lib/_doc/1", ""): {"reader", "owner"},
    ("GET", "/other/_search", ""): set(),
    ("PUT", "/lib/_doc/2", "{}"): {"writer", "owner"},
    ("POST", "/lib/_update/1", '{"doc": {"a": 2}}'): {"writer", "owner"},
    ("DELETE", "/lib/_doc/1", ""): {"writer", "owner"},
    ("PUT", "/library", ""): {"owner"},
    ("PUT", "/library/_doc/1", "{}"): {"owner"},
    ("GET", "/lib/_mapping", ""): {"owner"},
    ("PUT", "/lib/_mapping", '{"properties": {"b": {"type": "keyword"}}}'): {"owner"},
    ("GET", "/lib/_settings", ""): {"owner"},
    ("POST", "/lib/_refresh", ""): {"owner"},
    ("DELETE", "/lib", ""): {"owner"},
    ("POST", "/_analyze", '{"text": "a"}'): {"manager"},
}  # fmt: skip


@pytest.fixture
def node() -> Iterator[Node]:
    node = Node(None, security=True, password=PASSWORD)
    send(node, "elastic", "PUT", "/lib/_doc/1", '{"a": 1}')
    send(node, "elastic", "PUT", "/other/_doc/1", '{"a": 1}')
    send(node, "elastic", "PUT", "/_ingest/pipeline/p", '{"processors": []}')
    send(node, "elastic", "PUT", "/_inference/sparse_embedding/e", '{"service": "fake", "service_settings": {}}')
    yield node
    node.close()


def send(node: Node, username: str, method: str, path: str, body: str = "") -> int:
    encoded = base64.b64encode(f"{username}:{PASSWORD}".encode()).decode()
    headers = {"authorization": f"Basic {encoded}", "content-type": "application/json"}
    return node.handle(Request(method, path, {}, headers, body.encode())).status


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_do_what_its_privileges_say(role: str, node: Node) -> None:
    assert node.security is not None
    if ROLES[role] or role == "nobody":
        assert send(node, "elastic", "PUT", f"/_security/role/{role}", str(ROLES[role]).replace("'", '"')) == 200
    user = f'{{"password": "{PASSWORD}", "roles": ["{role}"]}}'
    assert send(node, "elastic", "PUT", "/_security/user/sender", user) == 200
    for (method, path, body), allowed in TABLE.items():
        status = send(node, "sender", method, path, body)
        if role == "superuser" or role in allowed:
            assert status not in (401, 403), f"{role} may {method} {path}"
        else:
            assert status == 403, f"{role} may not {method} {path}, but it answered {status}"


def test_nobody_else_may_do_anything(node: Node) -> None:
    for method, path, body in TABLE:
        assert node.handle(Request(method, path, {}, {"content-type": "application/json"}, body.encode())).status == 401
    assert send(node, "stranger", "GET", "/") == 401


def test_the_table_speaks_of_roles_there_are() -> None:
    assert set().union(*TABLE.values()) <= set(ROLES)
