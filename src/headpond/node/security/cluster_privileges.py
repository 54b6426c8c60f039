"""Cluster privileges and the actions they grant: names and patterns are those of Elasticsearch 9.2."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from headpond.node.security.patterns import any_matches, matches


@dataclass(frozen=True, slots=True)
class ClusterPrivilege:
    """What a privilege grants.

    Attributes:
        actions: patterns of actions.
        excluded: patterns of actions that the others do not reach.
        own: patterns of actions that are granted where a request concerns the sender's own API keys alone.
    """

    actions: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    own: tuple[str, ...] = ()

    def grants(self, action: str, *, own: bool = False) -> bool:
        """Whether an action is granted; of a pattern of actions, whether all of it is."""
        if any_matches(self.actions, action):
            return not any(_overlap(pattern, action) for pattern in self.excluded)
        return own and any_matches(self.own, action)

    def covers(self, other: ClusterPrivilege) -> bool:
        """Whether all that another privilege grants is granted."""
        missing = [pattern for pattern in self.excluded if not any_matches(other.excluded, pattern)]
        return (
            all(any_matches(self.actions, action) for action in other.actions)
            and not any(_overlap(pattern, action) for pattern in missing for action in other.actions)
            and all(any_matches((*self.actions, *self.own), action) for action in other.own)
        )


def _overlap(excluded: str, action: str) -> bool:
    return matches(excluded, action) or matches(action, excluded)


def _actions(*patterns: str) -> ClusterPrivilege:
    return ClusterPrivilege(patterns)


_ALL = ("cluster:*", "indices:admin/template/*", "indices:admin/index_template/*")
_API_KEYS = "cluster:admin/xpack/security/api_key/"
_SECURITY = "cluster:admin/xpack/security/"
_SNAPSHOTS = ("cluster:admin/snapshot/status*", "cluster:admin/snapshot/get", "cluster:admin/repository/get")
_TRANSFORM = ("cluster:monitor/data_frame/*", "cluster:monitor/transform/*")
_INFER = ("cluster:monitor/xpack/inference*", "cluster:monitor/xpack/ml/trained_models/deployment/infer")
_DEPLOY = (
    "cluster:admin/xpack/ml/trained_models/deployment/start", "cluster:admin/xpack/ml/trained_models/deployment/stop",
)  # fmt: skip
_REMOTE = ("cluster:internal/remote_cluster/*", "cluster:monitor/xpack/info")

PRIVILEGES: dict[str, ClusterPrivilege] = {
    "manage_own_api_key": ClusterPrivilege((f"{_API_KEYS}create",), own=(f"{_API_KEYS}*",)),
    "manage_data_stream_global_retention": _actions("cluster:admin/data_stream/global_retention/*"),
    "monitor_data_stream_global_retention": _actions("cluster:monitor/data_stream/global_retention/*"),
    "none": _actions(),
    "cancel_task": _actions("cluster:admin/tasks/cancel*"),
    "cross_cluster_replication": _actions(*_REMOTE, "cluster:monitor/state"),
    "cross_cluster_search": _actions(*_REMOTE, "cluster:monitor/xpack/enrich/esql/resolve_policy"),
    "delegate_pki": _actions(f"{_SECURITY}delegate_pki", f"{_SECURITY}token/invalidate"),
    "grant_api_key": _actions(f"{_API_KEYS}grant*"),
    "manage_autoscaling": _actions("cluster:admin/autoscaling/*"),
    "manage_index_templates": _actions(*_ALL[1:], "cluster:admin/component_template/*"),
    "manage_logstash_pipelines": _actions("cluster:admin/logstash/pipeline/*"),
    "manage_oidc": _actions(f"{_SECURITY}oidc/*"),
    "manage_saml": _actions(f"{_SECURITY}saml/*", f"{_SECURITY}token/invalidate", f"{_SECURITY}token/refresh"),
    "manage_search_application": _actions("cluster:admin/xpack/application/search_application/*"),
    "manage_search_query_rules": _actions("cluster:admin/xpack/query_rules/*"),
    "manage_search_synonyms": _actions(
        "cluster:admin/synonyms/*", "cluster:admin/synonyms_sets/*", "cluster:admin/synonym_rules/*"
    ),
    "manage_service_account": _actions(f"{_SECURITY}service_account/*"),
    "manage_token": _actions(f"{_SECURITY}token/*"),
    "manage_user_profile": _actions(f"{_SECURITY}profile/*"),
    "monitor_connector": _actions("cluster:monitor/xpack/connector/*"),
    "monitor_enrich": _actions("cluster:monitor/xpack/enrich/*", "cluster:admin/xpack/enrich/get"),
    "monitor_esql": _actions("cluster:monitor/xpack/esql/*"),
    "monitor_inference": _actions(*_INFER),
    "monitor_ml": _actions("cluster:monitor/xpack/ml/*"),
    "monitor_rollup": _actions("cluster:monitor/xpack/rollup/*"),
    "monitor_snapshot": _actions(*_SNAPSHOTS),
    "monitor_stats": _actions("cluster:monitor/stats*"),
    "monitor_text_structure": _actions("cluster:monitor/text_structure/*"),
    "monitor_watcher": _actions("cluster:monitor/xpack/watcher/*"),
    "post_behavioral_analytics_event": _actions("cluster:admin/xpack/application/analytics/post_event"),
    "read_ccr": _actions("cluster:monitor/state", f"{_SECURITY}user/has_privileges"),
    "read_connector_secrets": _actions("cluster:admin/xpack/connector/secret/get"),
    "read_fleet_secrets": _actions("cluster:admin/fleet/secrets/get"),
    "read_ilm": _actions("cluster:admin/ilm/get", "cluster:admin/ilm/operation_mode/get"),
    "read_pipeline": _actions("cluster:admin/ingest/pipeline/get", "cluster:admin/ingest/pipeline/simulate"),
    "read_security": _actions(
        f"{_API_KEYS}get", f"{_API_KEYS}query", f"{_SECURITY}privilege/builtin/get", f"{_SECURITY}privilege/get",
        f"{_SECURITY}profile/get", f"{_SECURITY}profile/has_privileges", f"{_SECURITY}profile/suggest",
        f"{_SECURITY}role/get", f"{_SECURITY}role_mapping/get", f"{_SECURITY}service_account/get",
        f"{_SECURITY}service_account/credential/get*", f"{_SECURITY}settings/get", f"{_SECURITY}user/get",
        f"{_SECURITY}user/has_privileges", f"{_SECURITY}user/list_privileges", f"{_SECURITY}user/query",
    ),
    "read_slm": _actions("cluster:admin/slm/get", "cluster:admin/slm/status", "cluster:admin/ilm/operation_mode/get"),
    "transport_client": _actions("cluster:monitor/nodes/liveness", "cluster:monitor/state"),
    "write_connector_secrets": _actions(
        "cluster:admin/xpack/connector/secret/delete", "cluster:admin/xpack/connector/secret/post",
        "cluster:admin/xpack/connector/secret/put",
    ),
    "write_fleet_secrets": _actions("cluster:admin/fleet/secrets/post", "cluster:admin/fleet/secrets/delete"),
    "create_snapshot": _actions("cluster:admin/snapshot/create", *_SNAPSHOTS),
    "manage_behavioral_analytics": _actions("cluster:admin/xpack/application/analytics/*"),
    "manage_ccr": _actions("cluster:admin/xpack/ccr/*", "cluster:monitor/state", f"{_SECURITY}user/has_privileges"),
    "manage_connector": _actions("cluster:admin/xpack/connector/*", "cluster:monitor/xpack/connector/*"),
    "manage_enrich": _actions("cluster:admin/xpack/enrich/*", "cluster:monitor/xpack/enrich/*"),
    "manage_ilm": _actions("cluster:admin/ilm/*"),
    "manage_inference": _actions("cluster:admin/xpack/inference/*", *_INFER, *_DEPLOY),
    "manage_ml": _actions("cluster:admin/xpack/ml/*", "cluster:monitor/xpack/ml/*"),
    "manage_rollup": _actions("cluster:admin/xpack/rollup/*", "cluster:monitor/xpack/rollup/*"),
    "manage_slm": _actions(
        "cluster:admin/slm/*", "cluster:admin/ilm/start", "cluster:admin/ilm/stop",
        "cluster:admin/ilm/operation_mode/get",
    ),
    "manage_watcher": _actions("cluster:admin/xpack/watcher/*", "cluster:monitor/xpack/watcher/*"),
    "monitor_data_frame_transforms": _actions(*_TRANSFORM),
    "monitor_transform": _actions(*_TRANSFORM),
    "manage_api_key": _actions(f"{_API_KEYS}*"),
    "manage_ingest_pipelines": _actions("cluster:admin/ingest/pipeline/*"),
    "manage_pipeline": _actions("cluster:admin/ingest/pipeline/*"),
    "manage_data_frame_transforms": _actions(
        "cluster:admin/data_frame/*", "cluster:admin/transform/*", *_TRANSFORM
    ),
    "manage_transform": _actions("cluster:admin/data_frame/*", "cluster:admin/transform/*", *_TRANSFORM),
    "manage_security": ClusterPrivilege((f"{_SECURITY}*",), excluded=(f"{_SECURITY}delegate_pki",)),
    "monitor": _actions(
        "cluster:monitor/*", "indices:admin/template/get", "indices:admin/index_template/get",
        "cluster:admin/component_template/get",
    ),
    "manage": ClusterPrivilege(_ALL, excluded=(f"{_SECURITY}*",)),
    "all": _actions(*_ALL),
}  # fmt: skip
"""Privileges by name, those that grant little first: the order in which a refusal lists them."""


def is_cluster_action(text: str) -> bool:
    """Whether a text is an action on the cluster, or a pattern of such."""
    return any_matches(_ALL, text)


def privilege_of(name: str) -> ClusterPrivilege:
    """A known privilege; an action or a pattern of actions is one too."""
    return PRIVILEGES.get(name.lower()) or ClusterPrivilege((name,) if is_cluster_action(name) else ())


def granting(action: str, *, own: bool = False) -> list[str]:
    """The privileges that grant an action, the smallest first."""
    return [name for name, privilege in PRIVILEGES.items() if privilege.grants(action, own=own)]


def unknown(names: Iterable[str]) -> str | None:
    """Why one of some privileges cannot be granted; None when all are privileges."""
    for name in names:
        if name.lower() not in PRIVILEGES and not is_cluster_action(name):
            return (
                f"unknown cluster privilege [{name.lower()}]. a privilege must be either one of the predefined cluster "
                f"privilege names [{','.join(PRIVILEGES)}] or a pattern over one of the available cluster actions"
            )
    return None
