"""What is asked of a node with security, by subject; `security_answers.json` holds what Elasticsearch answers."""

from __future__ import annotations

from tests.node.security_scenes.access import CLUSTER, READING, WRITING
from tests.node.security_scenes.api_keys import API_KEYS, SNAPSHOTS
from tests.node.security_scenes.users import AUTHENTICATION, HAS_PRIVILEGES, ROLES, USERS
from tests.node.security_session import Step

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
