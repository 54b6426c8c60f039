"""What users with few privileges may do with the cluster and with indices, reading and writing."""

from __future__ import annotations

from tests.node.security_scenes.steps import COUNT, ELASTIC, documents, get, role, user
from tests.node.security_session import Step

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
    Step(ELASTIC, "DELETE", "/_security/role/monitor"),
    *get("monitor", "/_cluster/health"),
]

_HITS = "filter_path=hits.hits._index,hits.hits._id"

READING = [
    *documents("sx1", "sx2", "sy1"),
    Step(
        ELASTIC,
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
        f"/_count?{COUNT}",
        f"/sy1/_count?{COUNT}",
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
    *documents("wx1", "wy1"),
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
