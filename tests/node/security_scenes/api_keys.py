"""API keys: how they are made, shown and invalidated, and what of their owner they keep."""

from __future__ import annotations

from typing import Any

from tests.node.security_scenes.steps import COUNT, ELASTIC, documents, get, role, user
from tests.node.security_session import Step

_KEYS = "/_security/api_key"
_RIGHTS = {
    "cluster": ["all", "monitor", "manage_own_api_key"],
    "index": [{"names": ["kx1", "ky1"], "privileges": ["read", "write", "index"]}],
}
_READ_KX = {"cluster": ["monitor_inference"], "indices": [{"names": ["kx*"], "privileges": ["read"]}]}
_EVERYTHING = {"cluster": ["all"], "indices": [{"names": ["*"], "privileges": ["all"]}]}


def bad_key(body: Any) -> Step:
    return Step(ELASTIC, "POST", _KEYS, body)


API_KEYS = [
    *documents("kx1", "ky1"),
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
    Step(ELASTIC, "POST", f"{_KEYS}?refresh=maybe", {"name": "a"}),
    Step("reader", "POST", _KEYS, {"name": "a"}),
    Step(ELASTIC, "PUT", f"{_KEYS}?refresh=true", {"name": "k1", "metadata": {"m": 1}}, makes="k1"),
    Step(ELASTIC, "POST", _KEYS, {"name": "k2", "expiration": "1d", "role_descriptors": {"r": _READ_KX}}, makes="k2"),
    Step("owner", "POST", _KEYS, {"name": "o1"}, makes="o1"),
    Step("owner", "POST", _KEYS, {"name": "o2", "role_descriptors": {"r": _EVERYTHING}}, makes="o2"),
    Step("owner", "POST", _KEYS, {"name": "o3", "role_descriptors": {}}, makes="o3"),
    Step(ELASTIC, "POST", _KEYS, {"name": "e1", "role_descriptors": {"e": {}}}, makes="e1"),
    *(
        step
        for name in ("k1", "k2", "o1", "o2", "o3", "e1")
        for step in (
            *get(f"key:{name}", "/_security/_authenticate", f"/kx1/_count?{COUNT}", f"/ky1/_count?{COUNT}"),
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
    *get(ELASTIC, *(f"{_KEYS}?{query}" for query in (
        "name=k1", "name=k*", "id={k1}", "id=nope", "name=nope", "username=owner", "realm_name=default_native",
        "realm_name=default_native&username=owner", "owner=true&username=elastic", "id=a&name=b", "id=a&owner=true",
        "id=a&username=x", "with_limited_by=true&id={o2}", "x=1", "username=o*",
    ))),
    *get("owner", *(f"{_KEYS}{query}" for query in (
        "", "?owner=true", "?id={k1}", "?id={o1}", "?id={o1}&owner=true", "?name=o1&owner=true", "?username=owner",
        "?username=owner&realm_name=default_native",
    ))),
    *get("reader", _KEYS, f"{_KEYS}?owner=true"),
    *(Step(ELASTIC, "DELETE", _KEYS, body) for body in (
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
    Step(ELASTIC, "DELETE", _KEYS, {"ids": ["{k2}", "nope", "{k2}"]}),
    *get("key:k2", "/_cluster/health"),
    *get(ELASTIC, f"{_KEYS}?name=k2", f"{_KEYS}?name=k*&active_only=true"),
    Step(ELASTIC, "POST", _KEYS, {"name": "short", "expiration": "1ms"}, makes="short"),
    *get("key:short", "/_cluster/health"),
    Step(ELASTIC, "DELETE", _KEYS, {"name": "k1"}),
]  # fmt: skip

SNAPSHOTS = [
    *documents("nx1"),
    role("snap", "manage_own_api_key", nx="read"),
    user("snap", "snap"),
    Step("snap", "POST", _KEYS, {"name": "s1"}, makes="s1"),
    Step("snap", "POST", _KEYS, {"name": "s2", "role_descriptors": {"r": _EVERYTHING}}, makes="s2"),
    role("snap"),
    *get("snap", "/nx1/_count"),
    *get("key:s1", f"/nx1/_count?{COUNT}"),
    *get("key:s2", f"/nx1/_count?{COUNT}", "/zz/_count"),
    Step(ELASTIC, "PUT", "/_security/user/snap/_disable"),
    *get("key:s1", f"/nx1/_count?{COUNT}"),
    Step(ELASTIC, "DELETE", "/_security/user/snap"),
    *get("snap", "/nx1/_count"),
    *get("key:s1", f"/nx1/_count?{COUNT}", "/_security/_authenticate"),
    Step(ELASTIC, "DELETE", _KEYS, {"username": "snap"}),
    *get("key:s1", "/nx1/_count"),
]
