"""Start, look at and end a real Elasticsearch in docker for development.

headpond cluster up                start it (127.0.0.1 only, security on) and wait until it answers
headpond cluster status            is it there, and where
headpond cluster down [--volumes]  end it; with --volumes its data and password go too

Other verbs reach it with --target cluster; add --inference embedded where its licence has no inference.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from headpond.cli import options

if TYPE_CHECKING:
    from headpond.cluster import ClusterStatus


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    up = actions.add_parser("up", help="start it and wait until it answers")
    up.add_argument("--version", metavar="V", help="of Elasticsearch (default: the compose file's)")
    up.add_argument("--port", type=options.positive, metavar="N", help="on 127.0.0.1 (default: 9200)")
    actions.add_parser("status", help="is it there, and where")
    down = actions.add_parser("down", help="end it; its data stays")
    down.add_argument("--volumes", action="store_true", help="remove its data and password too")


def run(args: argparse.Namespace) -> int:
    """Does what the action says."""
    from headpond import cluster

    if args.action == "up":
        print("starting Elasticsearch; the first time its image is fetched", flush=True)
        _show(cluster.up(version=args.version, port=args.port))
    elif args.action == "status":
        _show(cluster.status())
    else:
        cluster.down(volumes=args.volumes)
        print("ended" + (", data and password removed" if args.volumes else "; its data is kept"))
    return 0


def _show(status: ClusterStatus) -> None:
    print(f"{status.state}" + (f": Elasticsearch {status.version} at {status.url}" if status.url else ""))
    if status.url and status.password_file is not None:
        print(f"user elastic, password in {status.password_file}")
