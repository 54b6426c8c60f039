"""What is asked of a node with security, by subject; `security_answers.json` holds what Elasticsearch answers."""

from __future__ import annotations

from typing import Any

from tests.node.security_session import PASSWORD, Step

E = "elastic"


def user(name: str, *roles: str) -> Step:
    return Step(E, "PUT", f"/_security/user/{name}", {"password": PASSWORD, "roles": list(roles)})


def role(name: str, *cluster: str, **indices: str) -> Step:
    """Cluster privileges; and by keyword the pattern of index names, as in `sx=` for `sx*`, with privileges."""
    grants = [{"names": [f"{prefix}*"], "privileges": held.split()} for prefix, held in indices.items()]
    return Step(E, "PUT", f"/_security/role/{name}", {"cluster": list(cluster), "indices": grants})


def put_role(name: str, body: Any) -> Step:
    return Step(E, "PUT", f"/_security/role/{name}", body)


def put_user(name: str, body: Any) -> Step:
    return Step(E, "PUT", f"/_security/user/{name}", body)


def get(sender: str | None, *paths: str) -> list[Step]:
    return [Step(sender, "GET", path) for path in paths]


HEADERS = (
    "Basic !!!", "Basic YQ==", "Digest x", "Basic ", "apikey garbage", "ApiKey YQ==", "ApiKey YTo=", "ApiKey OmI=",
    "ApiKey bm9wZTpub3Bl", "Bearer abc", "Bearer ",
)  # fmt: skip

AUTHENTICATION = [
    user("anna"),
    *(Step(header, "GET", "/_cluster/health") for header in HEADERS),
    *get(None, "/_cluster/health", "/_nope/x", "/_search?nope=1"),
    *get("elastic:wrong", "/_cluster/health", "/_cluster/health?filter_path=status", "/"),
    *get("nobody", "/_security/_authenticate", "/%5f%20?a=b"),
    Step(None, "POST", "/_search?nope=1", "{bad"),
    Step(None, "PUT", "/_security/user/_password", {"password": "x"}),
    Step("nobody", "HEAD", "/"),
    *get("anna", "/_security/_authenticate", "/_nope/x"),
    *get(E, "/_security/_authenticate"),
    Step(E, "PUT", "/_security/user/anna/_disable"),
    *get("anna", "/_security/_authenticate"),
    Step(E, "PUT", "/_security/user/anna/_enable"),
    *get("anna", "/_security/_authenticate"),
    Step(E, "PUT", "/_security/user/anna/_password", {"password": "labpass-2"}),
    *get("anna", "/_security/_authenticate"),
    *get("anna:labpass-2", "/_security/_authenticate"),
    Step("anna:labpass-2", "PUT", "/_security/user/_password", {"password": PASSWORD}),
    *get("anna", "/_security/_authenticate"),
    Step(E, "DELETE", "/_security/user/anna"),
    *get("anna", "/_security/_authenticate"),
    put_user("uni", {"password": "pässwörd€", "roles": []}),
    *get("uni:pässwörd€", "/_security/_authenticate"),
]

ROLES = [
    role("r1", "monitor_inference", x="read write"),
    role("r1", "monitor_inference", x="read"),
    put_role("r2", {"indices": [{"names": "x*", "privileges": ["read"]}], "description": "d", "metadata": {"a": 1}}),
    put_role("r3", {}),
    put_role("r4", {"cluster": ["cluster:monitor/health"], "run_as": [], "applications": []}),
    *get(E, "/_security/role/r1", "/_security/role/r2,r3", "/_security/role/nope", "/_security/role/r*"),
    *get(E, "/_security/role/inference_admin,inference_user"),
    put_role("superuser", {}),
    put_role("bad", {"indices": [{"names": ["x"]}]}),
    put_role("bad", {"indices": [{"privileges": ["read"]}]}),
    put_role("bad", {"indices": [{"names": [], "privileges": ["read"]}]}),
    put_role("bad", {"indices": [{"names": ["x"], "privileges": "read"}]}),
    put_role("bad", {"indices": [{"names": ["x"], "privileges": ["read"], "nope": 1}]}),
    put_role("bad", {"indices": [{"names": ["x"], "privileges": ["nope"]}]}),
    put_role("bad", {"indices": [{"names": ["m*,n"], "privileges": ["read"]}]}),
    put_role("bad", {"indices": {}}),
    put_role("bad", {"cluster": ["no_such_priv"]}),
    put_role("bad", {"cluster": "monitor"}),
    put_role("bad", {"cluster": 3}),
    put_role("bad", {"nope": 1}),
    put_role("bad", {"metadata": []}),
    put_role("bad", {"metadata": {"_a": 1}}),
    put_role("bad", []),
    put_role("bad", None),
    put_role("a" * 508, {}),
    Step(E, "DELETE", "/_security/role/nope"),
    Step(E, "DELETE", "/_security/role/superuser"),
    Step(E, "DELETE", "/_security/role/r3"),
    *get(E, "/_security/role/r3"),
]

USERS = [
    user("u1", "r1"),
    put_user("u1", {"password": PASSWORD, "roles": ["r1"], "full_name": "U", "email": "u@x.y", "metadata": {"k": 1}}),
    put_user("u1", {"roles": ["r1", "r2"], "full_name": "U", "email": "u@x.y", "metadata": {"k": 1}}),
    put_user("u2", {"password": "abcdef", "roles": "r1,r2"}),
    put_user("n%20x", {"password": "abcdef", "roles": []}),
    put_user("bad", {"roles": []}),
    put_user("bad", {"password": "abc", "roles": []}),
    put_user("bad", {"password": "abcdef"}),
    put_user("bad", {"password": "abcdef", "roles": [], "nope": 1}),
    put_user("bad", {"password": "abcdef", "roles": ["rolé"]}),
    put_user("bad", {"password": "abcdef", "roles": [1]}),
    put_user("bad", {"password": "abcdef", "roles": [], "metadata": {"_x": 1}}),
    put_user("bad", {"password": "abcdef", "roles": [], "metadata": 3}),
    put_user("bad", {"password": "abcdef", "roles": [], "enabled": "x"}),
    put_user("bad", {"password": "abcdef", "roles": [], "full_name": 3}),
    put_user("bad", {"password": "abcdef", "roles": [], "username": "other"}),
    put_user("bad", {"password": None, "roles": []}),
    put_user("bad", {"password": 3}),
    put_user("bad", []),
    put_user("bad", None),
    put_user("%20z", {"password": "abcdef", "roles": []}),
    put_user("z%C3%A9", {"password": "abcdef", "roles": []}),
    put_user("elastic", {"password": "abcdef", "roles": []}),
    put_user("off", {"password": "abcdef", "roles": [], "enabled": False}),
    *get("off:abcdef", "/_security/_authenticate"),
    *get(E, "/_security/user/u1", "/_security/user/nope", "/_security/user/u1,u2,elastic", "/_security/user/u1,nope"),
    Step(E, "DELETE", "/_security/user/nope"),
    Step(E, "DELETE", "/_security/user/elastic"),
    Step(E, "DELETE", "/_security/user/u2"),
    Step(E, "PUT", "/_security/user/nope/_disable"),
    Step(E, "PUT", "/_security/user/elastic/_disable"),
    Step(E, "PUT", "/_security/user/nope/_password", {"password": "abcdef"}),
    Step(E, "PUT", "/_security/user/u1/_password", {"password": "la"}),
    Step(E, "PUT", "/_security/user/u1/_password", {}),
    Step(E, "PUT", "/_security/user/u1/_password", {"passwords": "x"}),
    Step(E, "PUT", "/_security/user/_password", []),
    user("none"),
    Step("none", "PUT", "/_security/user/u1/_password", {"password": "abcdef"}),
    *get("none", "/_security/user", "/_security/user/none", "/_security/role", "/_security/privilege/_builtin"),
    Step("none", "PUT", "/_security/role/q", {}),
    Step("none", "DELETE", "/_security/role/q"),
    Step("none", "PUT", "/_security/user/q", {"password": "abcdef", "roles": []}),
    Step("none", "DELETE", "/_security/user/q"),
    Step("none", "PUT", "/_security/user/u1/_disable"),
    *get(E, "/_security/privilege/_builtin?filter_path=cluster,index"),
]

CLUSTER = [
    role("none"),
    user("none", "none"),
    role("monitor", "monitor"),
    user("monitor", "monitor"),
    role("pattern", "cluster:monitor/nodes/*", "cluster:monitor/allocation/stats"),
    user("pattern", "pattern"),
    user("lost", "monitor", "gone", "b_gone"),
    *(
        step
        for sender in ("none", "monitor", "pattern", "lost")
        for step in get(
            sender,
            "/_cluster/health?filter_path=cluster",
            "/_nodes?filter_path=x",
            "/_nodes/stats?filter_path=x",
            "/_license?filter_path=x",
            "/_cluster/settings?filter_path=x",
        )
    ),
    Step("none", "POST", "/_analyze", {"text": "a"}),
    Step("monitor", "POST", "/_analyze?filter_path=tokens.token", {"text": "a"}),
    *get("none", "/_cat/health", "/_nope/x"),
    *get("lost", "/zz/_search"),
    Step("none", "DELETE", "/zz/_search"),
    Step("none", "GET", "/zz/_search?nope=1"),
    Step(E, "DELETE", "/_security/role/monitor"),
    *get("monitor", "/_cluster/health"),
]

_HITS = "filter_path=hits.hits._index,hits.hits._id"
_COUNT = "filter_path=count"

READING = [
    *(Step(E, "PUT", f"/{name}/_doc/1?refresh=true&filter_path=result", {"a": 1}) for name in ("sx1", "sx2", "sy1")),
    Step(
        E,
        "POST",
        "/_aliases",
        {"actions": [{"add": {"index": index, "alias": alias}} for index, alias in (
            ("sx1", "al"), ("sy1", "sx-to-y"), ("sy1", "ay"),
        )]},
    ),
    role("read", sx="read"),
    user("reader", "read"),
    role("empty"),
    user("empty", "empty"),
    role("look", sx="view_index_metadata monitor"),
    user("looker", "look"),
    *get(
        "reader",
        *(
            f"/{expression}/_search?{_HITS}"
            for expression in (
                "sx1", "sy1", "sx*", "*", "_all", "sx1,sy1", "sx*,sy*", "sy*", "sxmissing", "zmissing", "al", "sx-to-y",
                "ay", "sx*,-sx1", "sx1,sy*", "sx1,zmissing,sy1",
            )
        ),
        f"/_search?{_HITS}",
        f"/sy1/_search?ignore_unavailable=true&{_HITS}",
        f"/sx1,sy1/_search?ignore_unavailable=true&{_HITS}",
        "/sy*/_search?allow_no_indices=false",
        f"/_count?{_COUNT}",
        f"/sy1/_count?{_COUNT}",
        "/sx1/_doc/1?filter_path=found",
        "/sy1/_doc/1",
        "/sy1/_source/1",
        "/sx-to-y/_doc/1?filter_path=found",
        "/sxmissing/_doc/1",
        "/zmissing/_doc/1",
        "/_cat/count/sx1?h=count&format=json",
        "/_cat/count/sy1?h=count&format=json",
        "/_cat/count?h=count&format=json",
    ),
    *get("empty", "/sx1/_search", "/_search", "/sx*/_search", "/sy1/_search?ignore_unavailable=true", "/sx1/_doc/1"),
    *(Step("reader", "HEAD", path) for path in ("/sx1", "/sx1/_doc/1", "/sy1/_doc/1")),
    *(Step("looker", "HEAD", path) for path in ("/sx1", "/sy1")),
    *(
        step
        for sender in ("reader", "looker")
        for path in ("/sx1", "/sx1/_mapping", "/sx1/_settings", "/sx1/_alias", "/sx1/_stats", "/sy1/_mapping",
                     "/_stats", "/_mapping", "/_settings", "/_alias", "/_alias/al", "/sx1/_mapping/field/a")
        for step in get(sender, f"{path}?filter_path=sx1.aliases,sy1.aliases,*.mappings,error,status")
    ),
    *get("reader", "/_cat/aliases?format=json&h=alias,index"),
    *get("looker", "/_cat/aliases?format=json&h=alias,index"),
    Step(
        "reader",
        "POST",
        "/_mget?filter_path=docs._index,docs.found,docs.error",
        {"docs": [{"_index": name, "_id": "1"} for name in ("sx1", "sy1", "zmissing", "sxmissing")]},
    ),
    Step("reader", "POST", "/sy1/_mget", {"ids": ["1"]}),
    Step("empty", "POST", "/sx1/_mget", {"ids": ["1"]}),
    Step(
        "reader",
        "POST",
        "/_msearch?filter_path=responses.hits.hits._index,responses.error,responses.status",
        '{"index":"sx1"}\n{}\n{"index":"sy1"}\n{}\n{}\n{}\n{"index":"sy*"}\n{}\n',
    ),
    Step("reader", "POST", "/sy1/_msearch?filter_path=responses.error,responses.status", "{}\n{}\n"),
    Step("empty", "POST", "/_msearch", '{"index":"sx1"}\n{}\n'),
]  # fmt: skip


def _lines(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines)


_BULK = _lines(
    '{"index":{"_index":"wx1","_id":"7"}}', '{"a":1}',
    '{"create":{"_index":"wx1","_id":"8"}}', '{"a":1}',
    '{"index":{"_index":"wx1"}}', '{"a":1}',
    '{"update":{"_index":"wx1","_id":"1"}}', '{"doc":{"a":2}}',
    '{"delete":{"_index":"wx1","_id":"7"}}',
    '{"index":{"_index":"wy1","_id":"7"}}', '{"a":1}',
    '{"index":{"_index":"wxnew","_id":"7"}}', '{"a":1}',
    '{"delete":{"_index":"wy1","_id":"7"}}',
    '{"update":{"_index":"wy1","_id":"1"}}', '{"doc":{"a":1}}',
)  # fmt: skip
_ITEMS = "filter_path=errors,items.*.status,items.*.error"

WRITING = [
    *(Step(E, "PUT", f"/{name}/_doc/1?refresh=true&filter_path=result", {"a": 1}) for name in ("wx1", "wy1")),
    role("read", wx="read"),
    user("reader", "read"),
    role("new", wx="create_doc"),
    user("adder", "new"),
    role("write", wx="write"),
    user("writer", "write"),
    role("make", wx="create_index index"),
    user("maker", "make"),
    *(
        step
        for sender in ("reader", "adder", "writer", "maker")
        for step in (
            Step(sender, "PUT", "/wx1/_doc/2?filter_path=error", {"a": 2}),
            Step(sender, "POST", "/wx1/_doc?filter_path=error", {"a": 2}),
            Step(sender, "PUT", f"/wx1/_create/{sender}?filter_path=error", {"a": 2}),
            Step(sender, "PUT", f"/wx1/_doc/{sender}2?op_type=create&filter_path=error", {"a": 2}),
            Step(sender, "POST", "/wx1/_update/1?filter_path=error", {"doc": {"a": 3}}),
            Step(sender, "DELETE", "/wx1/_doc/2?filter_path=error"),
            Step(sender, "PUT", "/wy1/_doc/2", {"a": 2}),
            Step(sender, "DELETE", "/wy1/_doc/2"),
            Step(sender, "POST", "/wy1/_update/1", {"doc": {"a": 3}}),
            Step(sender, "PUT", f"/wxmade{sender}/_doc/1?filter_path=error", {"a": 2}),
            Step(sender, "POST", f"/_bulk?{_ITEMS}", _BULK.replace('"8"', f'"8{sender}"').replace("new", sender)),
            Step(sender, "PUT", f"/wxput{sender}"),
            Step(sender, "PUT", f"/wxput{sender}2", {"aliases": {"yy": {}}}),
            Step(sender, "DELETE", "/wx1"),
            Step(sender, "POST", "/wx1/_refresh"),
            Step(sender, "POST", "/_refresh"),
            Step(sender, "POST", "/wx1/_flush"),
            Step(sender, "POST", "/wx1/_forcemerge"),
            Step(sender, "PUT", "/wx1/_settings", {"index.number_of_replicas": 0}),
            Step(sender, "PUT", "/wx1/_alias/wxq"),
            Step(sender, "DELETE", "/wx1/_alias/wxq"),
            Step(sender, "POST", "/_aliases", {"actions": [{"add": {"index": "wx1", "alias": "wxq"}}]}),
            Step(sender, "PUT", "/wy1/_mapping", {"properties": {"q": {"type": "keyword"}}}),
            Step(sender, "POST", "/wx1/_analyze", {"text": "a"}),
        )
    ),
    Step("reader", "DELETE", "/*"),
    Step("reader", "PUT", "/BAD/_doc/1", {"a": 1}),
    Step("reader", "PUT", "/BAD"),
    Step("writer", "POST", "/_bulk", "{}\n"),
    role("manage", wx="manage"),
    user("manager", "manage"),
    Step("manager", "PUT", "/wx1/_alias/wxalias"),
    Step("manager", "PUT", "/wx1/_alias/yy"),
    Step("manager", "POST", "/_aliases", {"actions": [{"remove_index": {"index": "wy1"}}]}),
    Step("manager", "PUT", "/wx1/_mapping", {"properties": {"q": {"type": "keyword"}}}),
    Step("manager", "PUT", "/wx*/_settings", {"index.number_of_replicas": 0}),
    Step("manager", "DELETE", "/wx*"),
    Step("manager", "DELETE", "/wy1"),
    Step("manager", "DELETE", "/wx1"),
    Step("manager", "GET", "/wx1/_search"),
]

_KEYS = "/_security/api_key"
_RIGHTS = {
    "cluster": ["all", "monitor", "manage_own_api_key"],
    "index": [{"names": ["kx1", "ky1"], "privileges": ["read", "write", "index"]}],
}
_READ_KX = {"cluster": ["monitor_inference"], "indices": [{"names": ["kx*"], "privileges": ["read"]}]}
_EVERYTHING = {"cluster": ["all"], "indices": [{"names": ["*"], "privileges": ["all"]}]}


def bad_key(body: Any) -> Step:
    return Step(E, "POST", _KEYS, body)


API_KEYS = [
    *(Step(E, "PUT", f"/{name}/_doc/1?refresh=true&filter_path=result", {"a": 1}) for name in ("kx1", "ky1")),
    role("owner", "manage_own_api_key", "monitor", kx="read index"),
    user("owner", "owner"),
    role("reader", kx="read"),
    user("reader", "reader"),
    *(bad_key({"name": name}) for name in ("", "  ", " a", "_a", "a" * 257, 3, None)),
    bad_key({}),
    bad_key({"name": "a", "nope": 1}),
    bad_key({"name": "a", "expiration": "x"}),
    bad_key({"name": "a", "expiration": 5}),
    bad_key({"name": "a", "metadata": {"_x": 1}}),
    bad_key({"name": "a", "metadata": [1]}),
    bad_key({"name": "a", "role_descriptors": []}),
    bad_key({"name": "a", "role_descriptors": {"r": {"nope": 1}}}),
    bad_key({"name": "a", "role_descriptors": {"r": {"description": "d"}}}),
    bad_key({"name": "a", "role_descriptors": {"r": {"cluster": ["nope"]}}}),
    bad_key({"name": "a", "role_descriptors": {"r": {"indices": [{"names": ["x"]}]}}}),
    bad_key({"name": "a", "role_descriptors": {"r": {"indices": [{"names": ["x"], "privileges": ["nope"]}]}}}),
    bad_key([]),
    bad_key(None),
    Step(E, "POST", f"{_KEYS}?refresh=maybe", {"name": "a"}),
    Step("reader", "POST", _KEYS, {"name": "a"}),
    Step(E, "PUT", f"{_KEYS}?refresh=true", {"name": "k1", "metadata": {"m": 1}}, makes="k1"),
    Step(E, "POST", _KEYS, {"name": "k2", "expiration": "1d", "role_descriptors": {"r": _READ_KX}}, makes="k2"),
    Step("owner", "POST", _KEYS, {"name": "o1"}, makes="o1"),
    Step("owner", "POST", _KEYS, {"name": "o2", "role_descriptors": {"r": _EVERYTHING}}, makes="o2"),
    Step("owner", "POST", _KEYS, {"name": "o3", "role_descriptors": {}}, makes="o3"),
    Step(E, "POST", _KEYS, {"name": "e1", "role_descriptors": {"e": {}}}, makes="e1"),
    *(
        step
        for name in ("k1", "k2", "o1", "o2", "o3", "e1")
        for step in (
            *get(f"key:{name}", "/_security/_authenticate", f"/kx1/_count?{_COUNT}", f"/ky1/_count?{_COUNT}"),
            *get(f"key:{name}", "/_cluster/health?filter_path=x", "/_security/user/owner", "/_security/role/owner"),
            *get(f"key:{name}", f"{_KEYS}?id={{{name}}}", f"{_KEYS}?id={{k1}}"),
            Step(f"key:{name}", "PUT", "/kx1/_doc/1?filter_path=error", {"a": 1}),
            Step(f"key:{name}", "DELETE", "/kx1/_doc/9?filter_path=error"),
            Step(f"key:{name}", "POST", "/_security/user/_has_privileges", _RIGHTS),
            Step(f"key:{name}", "POST", _KEYS, {"name": "derived"}),
        )
    ),
    *get("key:o1", f"{_KEYS}?owner=true", _KEYS),
    Step("key:o1", "POST", _KEYS, {"name": "derived", "role_descriptors": {"e": {}}}, makes="d1"),
    *get("key:d1", "/_security/_authenticate", "/kx1/_search"),
    *get(E, *(f"{_KEYS}?{query}" for query in (
        "name=k1", "name=k*", "id={k1}", "id=nope", "name=nope", "username=owner", "realm_name=default_native",
        "realm_name=default_native&username=owner", "owner=true&username=elastic", "id=a&name=b", "id=a&owner=true",
        "id=a&username=x", "with_limited_by=true&id={o2}", "x=1", "username=o*",
    ))),
    *get("owner", *(f"{_KEYS}{query}" for query in (
        "", "?owner=true", "?id={k1}", "?id={o1}", "?id={o1}&owner=true", "?name=o1&owner=true", "?username=owner",
        "?username=owner&realm_name=default_native",
    ))),
    *get("reader", _KEYS, f"{_KEYS}?owner=true"),
    *(Step(E, "DELETE", _KEYS, body) for body in (
        {}, {"id": "a"}, {"ids": []}, {"ids": ["nope"]}, {"ids": ["nope", ""]}, {"name": "nope"}, {"nope": 1},
        {"ids": ["a"], "name": "b"}, {"owner": True, "username": "x"}, {"ids": "x"}, {"username": "owner", "name": "x"},
        {"ids": ["a"], "owner": True, "realm_name": "x"}, None,
    )),
    Step("reader", "DELETE", _KEYS, {"owner": True}),
    Step("owner", "DELETE", _KEYS, {"ids": ["{k1}"]}),
    Step("owner", "DELETE", _KEYS, {"ids": ["{k1}"], "owner": True}),
    Step("owner", "DELETE", _KEYS, {"ids": ["{o3}"], "owner": True}),
    *get("key:o3", "/_security/_authenticate"),
    Step("owner", "DELETE", _KEYS, {"ids": ["{o3}"], "owner": True}),
    Step("key:o1", "DELETE", _KEYS, {"ids": ["{o2}"]}),
    Step("key:o1", "DELETE", _KEYS, {"ids": ["{o1}"]}),
    *get("key:o1", "/_security/_authenticate"),
    Step("owner", "DELETE", _KEYS, {"username": "owner", "realm_name": "default_native"}),
    Step(E, "DELETE", _KEYS, {"ids": ["{k2}", "nope", "{k2}"]}),
    *get("key:k2", "/_cluster/health"),
    *get(E, f"{_KEYS}?name=k2", f"{_KEYS}?name=k*&active_only=true"),
    Step(E, "POST", _KEYS, {"name": "short", "expiration": "1ms"}, makes="short"),
    *get("key:short", "/_cluster/health"),
    Step(E, "DELETE", _KEYS, {"name": "k1"}),
]  # fmt: skip

SNAPSHOTS = [
    Step(E, "PUT", "/nx1/_doc/1?refresh=true&filter_path=result", {"a": 1}),
    role("snap", "manage_own_api_key", nx="read"),
    user("snap", "snap"),
    Step("snap", "POST", _KEYS, {"name": "s1"}, makes="s1"),
    Step("snap", "POST", _KEYS, {"name": "s2", "role_descriptors": {"r": _EVERYTHING}}, makes="s2"),
    role("snap"),
    *get("snap", "/nx1/_count"),
    *get("key:s1", f"/nx1/_count?{_COUNT}"),
    *get("key:s2", f"/nx1/_count?{_COUNT}", "/zz/_count"),
    Step(E, "PUT", "/_security/user/snap/_disable"),
    *get("key:s1", f"/nx1/_count?{_COUNT}"),
    Step(E, "DELETE", "/_security/user/snap"),
    *get("snap", "/nx1/_count"),
    *get("key:s1", f"/nx1/_count?{_COUNT}", "/_security/_authenticate"),
    Step(E, "DELETE", _KEYS, {"username": "snap"}),
    *get("key:s1", "/nx1/_count"),
]

_ASKED = {
    "cluster": ["monitor", "all", "cluster:monitor/health", "cluster:monitor/*"],
    "index": [
        {"names": ["px1", "py*"], "privileges": ["read", "write", "indices:data/read/search"]},
        {"names": ["px*", "px1*", "p*", "*", "p?1"], "privileges": ["read"]},
    ],
}
_HAS = "/_security/user/_has_privileges"

HAS_PRIVILEGES = [
    role("some", "monitor", px="read"),
    user("some", "some"),
    role("inference", "monitor_inference"),
    user("inference", "inference"),
    role("manager", "manage", "manage_security"),
    user("manager", "manager"),
    *(Step(sender, "POST", _HAS, _ASKED) for sender in (E, "some", "inference", "manager")),
    *(
        Step(sender, "POST", _HAS, {"cluster": ["manage_inference", "monitor_inference", "manage_security", "manage"]})
        for sender in (E, "some", "inference", "manager")
    ),
    Step(E, "GET", _HAS, {"cluster": ["monitor"]}),
    Step(E, "POST", _HAS, {}),
    Step(E, "POST", _HAS),
    Step(E, "POST", _HAS, []),
    Step(E, "POST", _HAS, {"nope": 1}),
    Step(E, "POST", _HAS, {"cluster": ["nope"]}),
    Step(E, "POST", _HAS, {"index": [{"names": ["x"], "privileges": ["nope"]}]}),
    Step(E, "POST", _HAS, {"index": [{"names": ["x"]}]}),
    Step("some", "POST", "/_security/user/some/_has_privileges", {"cluster": ["monitor"]}),
    Step(E, "POST", "/_security/user/some/_has_privileges", {"cluster": ["monitor"]}),
]

SCENES: dict[str, list[Step]] = {
    "authentication": AUTHENTICATION,
    "roles": ROLES,
    "users": USERS,
    "cluster": CLUSTER,
    "reading": READING,
    "writing": WRITING,
    "api_keys": API_KEYS,
    "snapshots": SNAPSHOTS,
    "has_privileges": HAS_PRIVILEGES,
}
