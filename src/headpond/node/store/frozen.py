"""An index as it was at one moment, for searches that follow each other."""

from __future__ import annotations

from headpond.node.store.index import Index
from headpond.node.store.segment import Reader


class FrozenIndex(Index):
    """A view that goes on showing the documents of one moment.

    Mapping and settings are those of now, as in Elasticsearch.

    Args:
        index: the index, or a view of it through aliases with filters.
    """

    __slots__ = ("_reader",)

    def __init__(self, index: Index) -> None:
        super().__init__(index.writer, index.alias_filters)
        self._reader = index.reader()

    def reader(self) -> Reader:
        """The snapshot."""
        return self._reader
