"""What the sender of a request may do, for handlers that find names of indices in a body."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from headpond.errors import RestError
from headpond.node.security import cluster_privileges, index_privileges
from headpond.node.security.patterns import matches
from headpond.node.security.refusal import Refusal, forbidden
from headpond.node.security.subject import Subject
from headpond.node.store.indices import Indices

NOTHING = "-*"
"""An expression that no index can match, as names do not begin with a dash."""

ITEM_ACTIONS = {
    "index": "indices:data/write/index:op_type/index",
    "create": "indices:data/write/index:op_type/create",
    "update": "indices:data/write/update",
    "delete": "indices:data/write/delete",
}


@dataclass(frozen=True, slots=True)
class Access:
    """A subject and the indices there are.

    Attributes:
        subject: who sent the request.
        indices: those of the node.
    """

    subject: Subject
    indices: Indices

    def may(self, action: str, name: str) -> bool:
        """Whether an action is allowed on an index or alias."""
        return self.subject.permission.allows(action, name)

    def check(self, action: str, names: Iterable[str]) -> None:
        """Refuses an action unless it is allowed on all the indices, aliases and patterns that are named.

        Raises:
            Refusal: 403, with those on which it is not allowed.
        """
        if denied := [name for name in names if not self.may(action, name)]:
            raise self.denial(action, denied)

    def check_somewhere(self, action: str, names: Iterable[str] = ()) -> None:
        """Refuses an action that is allowed on no index at all; what it is used on is checked later.

        Raises:
            Refusal: 403.
        """
        if not self.subject.permission.allows_somewhere(action):
            raise self.denial(action, names)

    def check_cluster(self, action: str, *, own: bool = False) -> None:
        """Refuses a cluster action that is not allowed.

        Raises:
            Refusal: 403.
        """
        if not self.subject.permission.allows_cluster(action, own=own):
            granted_by = ",".join(cluster_privileges.granting(action, own=own))
            raise forbidden(f"{self._refused(action)}, this action is granted by the cluster privileges [{granted_by}]")

    def check_aliases(self, indices: Iterable[str], aliases: Iterable[str]) -> None:
        """Refuses changing aliases unless it is allowed on the indices and on all that the aliases can mean.

        Raises:
            Refusal: 403.
        """
        action = "indices:admin/aliases"
        self.check_somewhere(action, indices)
        self.check(action, indices)
        if not all(self.may(action, "*" if alias == "_all" else alias) for alias in aliases):
            raise self.denial(action)

    def check_write(self, action: str, name: str, *, exists: bool, new_id: bool) -> None:
        """Refuses the write of a document, in the order in which Elasticsearch finds what is not allowed.

        Args:
            action: `index`, `create`, `update` or `delete`.
            name: the index or alias.
            exists: whether there is one of the name; otherwise it would be made.
            new_id: whether the document gets an id of its own, so that it cannot replace another.

        Raises:
            Refusal: 403.
        """
        if not exists:
            self.check("indices:admin/auto_create", [name])
        self.check("indices:data/write/bulk[s]", [name])
        self.check(ITEM_ACTIONS["create" if action == "index" and new_id else action], [name])

    def narrowed(
        self, action: str, expression: str | None, *, ignore_unavailable: bool = False, allow_no_indices: bool = True
    ) -> str | None:
        """The part of an index expression that the subject may use an action on.

        Wildcards mean what is allowed; names that are not allowed are refused, or left out where names that do not
        exist would be.

        Args:
            action: on indices.
            expression: comma list; None, "", `*` and `_all` mean all indices.
            ignore_unavailable: names that are not allowed are left out.
            allow_no_indices: a wildcard may match nothing.

        Raises:
            RestError: 403 for names; 404 for wildcards that match nothing where they must match.
        """
        permission = self.subject.permission
        if permission.allows_everywhere(action):
            return expression
        parts = ["*" if part == "_all" else part for part in (expression or "*").split(",") if part]
        self.check_somewhere(action, [] if ignore_unavailable else [part for part in parts if "*" not in part])
        kept: dict[str, None] = {}
        denied: list[str] = []
        wildcard = False
        for part in parts:
            if part.startswith("-") and wildcard:
                kept = {name: None for name in kept if not matches(part[1:], name)}
            elif "*" in part:
                wildcard = True
                found = [name for name in self._matching(part) if permission.allows(action, name)]
                if not found and not allow_no_indices:
                    extra = {"index_uuid": "_na_", "index": part}
                    raise RestError(404, "index_not_found_exception", f"no such index [{part}]", extra=extra)
                kept |= dict.fromkeys(found)
            elif permission.allows(action, part):
                kept[part] = None
            elif not ignore_unavailable:
                denied.append(part)
        if denied:
            raise self.denial(action, denied)
        return ",".join(kept) or NOTHING

    def denial(self, action: str, names: Iterable[str] = ()) -> Refusal:
        """The refusal of an action on indices."""
        listed = ",".join(names)
        where = f" on indices [{listed}]" if listed else ""
        granted_by = ",".join(index_privileges.granting(action))
        text = f"{self._refused(action)}{where}, this action is granted by the index privileges [{granted_by}]"
        return forbidden(text)

    def _refused(self, action: str) -> str:
        return f"action [{action}] is unauthorized for {self.subject.in_words()}"

    def _matching(self, pattern: str) -> Iterator[str]:
        """Names of indices and aliases that a wildcard means; hidden indices only when it begins with a dot."""
        for index in self.indices:
            if index.metadata.settings.get("index.hidden") == "true" and not pattern.startswith("."):
                continue
            yield from (name for name in (index.name, *index.metadata.aliases) if matches(pattern, name))
