"""One search on its way through a pipeline."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from elasticsearch import ApiError

from headpond.errors import HeadpondError, PipelineError
from headpond.hooked.hooks import Hook, find, responds
from headpond.hooked.source import cut, shown
from headpond.node.search.source_filter import SourceFilter
from headpond.pipeline.query.retrieve.tree import is_compound
from headpond.pipeline.query.searcher import Search, Searcher
from headpond.pipeline.query.searches import Answer, Searches
from headpond.pipeline.query.vectors import EmbeddingFailed
from headpond.stages.deadline import Deadline

Body = dict[str, Any]
SWITCH = "headpond"
"""The key of a body's `ext` with which a search says that it wants no pipeline."""


class SwitchError(ValueError):
    """`ext.headpond` is neither true nor false."""


@dataclass(frozen=True, slots=True)
class One:
    """A search, and the pipeline that it passes through.

    Attributes:
        body: what is asked for, without the switch.
        searcher: of the pipeline; None where it passes through none.
        switched: whether the body held the switch, which no target knows.
    """

    body: Body
    searcher: Searcher | None
    switched: bool = False

    @classmethod
    def of(cls, hooks: tuple[Hook, ...], index: str, body: Body) -> One:
        """The search of a body.

        Raises:
            SwitchError: the switch is wrong.
        """
        body, wanted = _switch(body)
        # A page that is none is left to the target, which says what is wrong with it.
        hook = find(hooks, index) if wanted is not False and _is_page(body) else None
        concerned = hook is not None and hook.concerns(body)
        return cls(body, hook.searcher if hook is not None and concerned else None, wanted is not None)


@dataclass(slots=True)
class Passage:
    """A search between being sent and being answered; `finish` may come later and from another request.

    Attributes:
        searcher: of its pipeline.
        search: what is looked for.
        wanted: what the caller wants to see of each `_source`.
    """

    searcher: Searcher
    search: Search
    wanted: SourceFilter | None = field(default=None)

    @classmethod
    def begin(cls, searcher: Searcher, body: Body) -> Passage:
        """Runs the request processors; raises as `Searcher.prepare`."""
        ranks = responds(body)
        fields = [name for stage in searcher.spec.response_processors for name in stage.fields()] if ranks else []
        body, wanted = shown(body, list(dict.fromkeys(fields)))
        return cls(searcher, searcher.prepare(body, responds=ranks), wanted)

    def retrieve(self, searches: Searches) -> Answer:
        """What is found; raises as `Searcher.retrieve`."""
        try:
            return self.searcher.retrieve(searches, self.search)
        except EmbeddingFailed as error:
            if error.passing or is_compound(self.search.body.get("retriever")):
                raise
            # It may name a model of the target that is no endpoint.
            with suppress(ApiError):
                return searches.one(self.search.body)
            raise

    def finish(self, answer: Answer, deadline: Deadline | None = None) -> Answer:
        """The answer after the response processors."""
        answer = self.searcher.respond(self.search, answer, deadline=deadline)
        if self.wanted is not None:
            hits = list(answer["hits"]["hits"])
            cut(hits, self.wanted)
            answer = {**answer, "hits": {**answer["hits"], "hits": hits}}
        return answer


def failed(error: HeadpondError) -> Answer:
    """An error of ours as Elasticsearch would answer it."""
    if isinstance(error, PipelineError) or (isinstance(error, EmbeddingFailed) and not error.passing):
        return failure(400, "illegal_argument_exception", str(error))
    return failure(503 if error.transient else 500, "status_exception", str(error))


def failure(status: int, kind: str, reason: str) -> Answer:
    """An error's body as Elasticsearch writes it."""
    cause = {"type": kind, "reason": reason}
    return {"error": {"root_cause": [cause], **cause}, "status": status}


def _is_page(body: Body) -> bool:
    page = (body.get("from", 0), body.get("size", 0))
    return all(type(number) is int and number >= 0 for number in page)


def _switch(body: Body) -> tuple[Body, bool | None]:
    """The body without the switch, and what that says; None where there is none."""
    ext = body.get("ext")
    if not isinstance(ext, dict) or SWITCH not in ext:
        return body, None
    wanted = ext[SWITCH]
    if not isinstance(wanted, bool):
        raise SwitchError(f"[ext.{SWITCH}] is true or false, not {wanted!r}")
    rest = {key: value for key, value in body.items() if key != "ext"}
    others = {key: value for key, value in ext.items() if key != SWITCH}
    return ({**rest, "ext": others} if others else rest), wanted
