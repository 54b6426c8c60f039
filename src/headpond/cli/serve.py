"""Serve the pond over HTTP, for any client in any language.

Answers as Elasticsearch does, on a loopback address, until Ctrl-C. In front of a cluster (--upstream) it answers
_inference itself and passes everything else on, so that any client gets the inference API on any licence.

headpond serve
headpond serve --upstream https://es.example.org:9200 --port 9201
"""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's arguments."""
    parser.add_argument("--target", metavar="T", help="memory or embedded:PATH (default: embedded:.headpond)")
    parser.add_argument("--upstream", metavar="URL", help="a cluster that answers everything but _inference")
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=9200, help="0 takes a free one (default: 9200)")


def run(args: argparse.Namespace) -> int:
    """Serves until interrupted."""
    from headpond.toolkit import serve

    serve(args.target, host=args.host, port=args.port, upstream=args.upstream)
    return 0
