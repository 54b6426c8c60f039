"""Where the searches of a hooked request go: to the path they were sent to, with the parameters they came with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from elastic_transport import ApiResponseMeta
from elasticsearch import Elasticsearch

from headpond.hooked.door import Door, refused
from headpond.hooked.url import HEADER, SHARED, joined
from headpond.pipeline.query.searches import Answer, Body


@dataclass(frozen=True, slots=True)
class RequestSearches:
    """The searches of a `_search`.

    Attributes:
        client: of the target, for what searches have to look up.
        index: an index expression; `_all` where the path has none.
        door: sends them.
        path: of the request.
        params: of the request, without those that its body says.
    """

    client: Elasticsearch
    index: str
    door: Door
    path: str
    params: dict[str, str]

    def within(self, seconds: float) -> RequestSearches:
        """The same, not waited for any longer."""
        return replace(self, door=self.door.within(seconds))

    def one(self, body: Body) -> Answer:
        """The answer to a search."""
        return dict(self.door.ask("POST", joined(self.path, self.params), body))

    def many(self, bodies: Sequence[Body]) -> list[Answer]:
        """The answers to several searches, in one `_msearch`."""
        header = {name: value for name, value in self.params.items() if name in HEADER}
        shared = {name: value for name, value in self.params.items() if name in SHARED}
        lines = [line for body in bodies for line in (header, body)]
        path = self.path.rpartition("/")[0] + "/_msearch"
        answers: list[Answer] = self.door.ask("POST", joined(path, shared), lines, lines=True)["responses"]
        for answer in answers:
            raise_mistake(answer, self.door.meta)
        return answers


def raise_mistake(answer: Answer, meta: ApiResponseMeta | None, *, alone: bool = False) -> None:
    """Raises what the target says to one search of an `_msearch`, as if it had been asked for that alone.

    Args:
        answer: to the search.
        meta: of the `_msearch`.
        alone: whether nothing else depends on the search; else what may pass is left to whoever asked.

    Raises:
        ApiError: the search failed.
    """
    status = answer.get("status", 200)
    mistake = 400 <= status < 500 and status != 429
    if "error" in answer and meta is not None and (alone or mistake):
        raise refused(replace(meta, status=status), {"error": answer["error"], "status": status})
