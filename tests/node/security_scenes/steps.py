"""Steps that many scenes take: users and roles are made, things are looked at."""

from __future__ import annotations

from typing import Any

from tests.node.security_session import PASSWORD, Step

ELASTIC = "elastic"
COUNT = "filter_path=count"


def user(name: str, *roles: str) -> Step:
    return Step(ELASTIC, "PUT", f"/_security/user/{name}", {"password": PASSWORD, "roles": list(roles)})


def role(name: str, *cluster: str, **indices: str) -> Step:
    """Cluster privileges; and by keyword the pattern of index names, as in `sx=` for `sx*`, with privileges."""
    grants = [{"names": [f"{prefix}*"], "privileges": held.split()} for prefix, held in indices.items()]
    return Step(ELASTIC, "PUT", f"/_security/role/{name}", {"cluster": list(cluster), "indices": grants})


def put_role(name: str, body: Any) -> Step:
    return Step(ELASTIC, "PUT", f"/_security/role/{name}", body)


def put_user(name: str, body: Any) -> Step:
    return Step(ELASTIC, "PUT", f"/_security/user/{name}", body)


def get(sender: str | None, *paths: str) -> list[Step]:
    return [Step(sender, "GET", path) for path in paths]


def documents(*indices: str) -> list[Step]:
    """A document in each of the indices, which it makes."""
    return [Step(ELASTIC, "PUT", f"/{name}/_doc/1?refresh=true&filter_path=result", {"a": 1}) for name in indices]
