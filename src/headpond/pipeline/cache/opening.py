"""Opens the cache that a setting or `--cache` names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from elasticsearch import Elasticsearch

from headpond import config
from headpond.errors import InputError
from headpond.pipeline.cache.base import EmbeddingCache
from headpond.pipeline.cache.index import IndexCache
from headpond.pipeline.cache.sqlite import SqliteCache

_INDEX = "index:"


def default_path() -> Path:
    """`embeddings.sqlite` in headpond's folder of caches."""
    return config.home() / "embeddings.sqlite"


@contextmanager
def opened_cache(given: EmbeddingCache | str | Path | None, client: Elasticsearch) -> Iterator[EmbeddingCache]:
    """A cache for the time of a job; one that was open before is left open.

    Args:
        given: as in `open_cache`, or a cache.
        client: of the target.

    Raises:
        InputError: as `open_cache`.
    """
    if given is None or isinstance(given, str | Path):
        with open_cache(given, client) as cache:
            yield cache
    else:
        yield given


def open_cache(given: str | Path | None, client: Elasticsearch | None) -> EmbeddingCache:
    """The cache behind a name.

    Args:
        given: a file, `index:NAME` for an index of the target, or None for one that keeps nothing.
        client: of the target; needed for `index:NAME` only.

    Raises:
        InputError: the name names no index, or there is no client to reach it.
    """
    if given is None or isinstance(given, Path):
        return SqliteCache(given)
    if not given.startswith(_INDEX):
        return SqliteCache(Path(given).expanduser())
    name = given.removeprefix(_INDEX)
    if not name or client is None:
        raise InputError(f"the cache {given!r} names no index", hint="as in index:headpond-embeddings")
    return IndexCache(client, name)
