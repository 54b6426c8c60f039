"""Look into the cache of computed embeddings, prune it, or empty it: what is in it is never paid for again.

By default it is a file that every job on this machine uses (embeddings.sqlite in HEADPOND_HOME); it stays below
HEADPOND_CACHE_MAX_MB (8192), and forgets what was not used for HEADPOND_CACHE_DAYS (never). `--cache index:NAME` is an
index of the target, which a team shares.

headpond cache stats
headpond cache prune --days 30
headpond cache clear --cache index:headpond-embeddings --target http://127.0.0.1:9200
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from headpond.cli import app, options
from headpond.errors import InputError

if TYPE_CHECKING:
    from headpond.pipeline.cache import EmbeddingCache


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's arguments."""
    parser.add_argument("action", metavar="ACTION", choices=("stats", "prune", "clear"), help="stats, prune or clear")
    parser.add_argument(
        "--cache", metavar="C", help="a file, or index:NAME of the target (default: the file of all jobs)"
    )
    parser.add_argument(
        "--days", metavar="N", type=options.positive, default=30, help="prune: not used for N days (30)"
    )
    parser.add_argument("--json", action="store_true", help="stats as JSON")
    options.add_target(parser)


def run(args: argparse.Namespace) -> int:
    """Does it and says what was done."""
    from headpond.pipeline.cache import default_path, open_cache

    if args.cache is not None and args.cache.startswith("index:"):
        with options.connect_to(args) as client, open_cache(args.cache, client) as cache:
            _do(args, cache)
        return app.DONE
    path = Path(args.cache).expanduser() if args.cache else default_path()
    if not path.is_file():
        # Looking makes no file.
        raise InputError("there is no cache here: nothing has been embedded yet", where=str(path))
    with open_cache(path, None) as cache:
        _do(args, cache)
    return app.DONE


def _do(args: argparse.Namespace, cache: EmbeddingCache) -> None:
    if args.action == "clear":
        print(f"{cache.clear():,} embeddings forgotten")
    elif args.action == "prune":
        print(f"{cache.prune(args.days):,} embeddings forgotten")
    else:
        stats = cache.stats()
        if args.json:
            print(json.dumps(stats.to_json(), indent=2))
            return
        most = "" if stats.most_bytes is None else f" of at most {stats.most_bytes / 1e6:,.1f} MB"
        print(f"{stats.place}: {stats.entries:,} embeddings, {stats.bytes / 1e6:,.1f} MB{most}")
