"""The index that holds the states of jobs."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from elasticsearch import ApiError, BadRequestError, Elasticsearch, NotFoundError

from headpond.pipeline.state.job_state import JobState

INDEX = "headpond-jobs"
BODY: dict[str, Any] = {
    "settings": {"index.hidden": True, "number_of_shards": 1, "auto_expand_replicas": "0-1"},
    "mappings": {
        "dynamic": False,
        "properties": {
            "pipeline": {"type": "keyword"},
            "index": {"type": "keyword"},
            "state": {"type": "keyword"},
            "host": {"type": "keyword"},
            "started": {"type": "date"},
            "updated": {"type": "date"},
        },
    },
}
_MOST_LISTED = 1000


@dataclass(frozen=True, slots=True)
class Stored:
    """A state as the index holds it; a write must name the version that it follows.

    Attributes:
        state: the state.
        version: `_seq_no` and `_primary_term`.
    """

    state: JobState
    version: tuple[int, int]


class StateStore:
    """Reads and writes states.

    Args:
        client: of the target.
    """

    def __init__(self, client: Elasticsearch) -> None:
        self._client = client.options(max_retries=0, retry_on_status=(), request_timeout=30)

    def prepare(self) -> None:
        """Makes the index if it is missing.

        Raises:
            ApiError, TransportError: it is not there and cannot be made.
        """
        if not self._client.indices.exists(index=INDEX):
            # Two jobs may begin at the same time; the index that the other one made will do.
            with suppress(BadRequestError):
                self._client.indices.create(index=INDEX, **BODY)

    def get(self, id: str) -> Stored | None:
        """The state of a job, as it is at this moment; None when there is none, or none that can be read.

        Raises:
            ApiError, TransportError: the index cannot be read.
        """
        try:
            answer = self._client.get(index=INDEX, id=id)
        except NotFoundError:
            return None
        try:
            state = JobState.from_json(id, answer["_source"])
        except TypeError:
            return None
        return Stored(state, (answer["_seq_no"], answer["_primary_term"]))

    def put(self, state: JobState, follows: tuple[int, int] | None) -> tuple[int, int]:
        """Writes a state, and gives its version.

        Args:
            state: what to write.
            follows: the version that it takes the place of; None for a job that has no state yet.

        Raises:
            ConflictError: somebody else has written in between.
            ApiError, TransportError: it could not be written.
        """
        if follows is None:
            answer = self._client.index(index=INDEX, id=state.id, document=state.to_json(), op_type="create")
        else:
            answer = self._client.index(
                index=INDEX,
                id=state.id,
                document=state.to_json(),
                if_seq_no=follows[0],
                if_primary_term=follows[1],
            )
        return answer["_seq_no"], answer["_primary_term"]

    def every(self, **terms: str) -> Iterable[JobState]:
        """States whose fields have these values, the latest first; at most a thousand.

        Raises:
            ApiError, TransportError: the index cannot be read; one that is not there holds nothing.
        """
        filters = [{"term": {name: value}} for name, value in terms.items()]
        try:
            with suppress(ApiError):  # without the right to refresh, the last second is missing
                self._client.indices.refresh(index=INDEX)
            answer = self._client.search(
                index=INDEX,
                query={"bool": {"filter": filters}} if filters else {"match_all": {}},
                sort=[{"updated": "desc"}],
                size=_MOST_LISTED,
            )
        except NotFoundError:
            return
        for hit in answer["hits"]["hits"]:
            with suppress(TypeError):
                yield JobState.from_json(hit["_id"], hit["_source"])

    def remove(self, id: str) -> bool:
        """Forgets a job; False when there is none of this id.

        Raises:
            ApiError, TransportError: it could not be removed.
        """
        try:
            self._client.delete(index=INDEX, id=id)
        except NotFoundError:
            return False
        return True
