"""Embeddings that have been computed, kept so that a text goes to the same model once."""

from headpond.pipeline.cache.base import CacheStats, EmbeddingCache
from headpond.pipeline.cache.index import IndexCache
from headpond.pipeline.cache.opening import default_path, open_cache, opened_cache
from headpond.pipeline.cache.sqlite import SqliteCache

__all__ = ["CacheStats", "EmbeddingCache", "IndexCache", "SqliteCache", "default_path", "open_cache", "opened_cache"]
