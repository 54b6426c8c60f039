"""Search with a pipeline: embed the question, retrieve, fuse, rerank, and show the hits.

Each hit shows its rank, the rank it had before the rerank, its score and the passage that answers best.

headpond search quickstart "how do I read a CSV file"
headpond search quickstart "temporary directory" --index mine --size 3 --json
"""

from __future__ import annotations

import argparse

from headpond.cli import options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's arguments."""
    parser.add_argument("pipeline", metavar="PIPELINE", help="a name (see headpond list) or a file")
    parser.add_argument("text", metavar="TEXT", help="the question")
    parser.add_argument("--index", metavar="NAME", help="the index (default: the pipeline's)")
    parser.add_argument("--size", type=options.positive, default=10, metavar="N", help="hits to show (default: 10)")
    parser.add_argument("--json", action="store_true", help="print the _search answer as JSON")
    options.add_target(parser)


def run(args: argparse.Namespace) -> int:
    """Searches and shows the hits."""
    import orjson

    from headpond.toolkit import load

    with options.connect_to(args, create=False) as client:
        answer = load(args.pipeline, client=client).search(args.text, size=args.size, index=args.index)
    if args.json:
        print(orjson.dumps(answer, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY).decode())
    else:
        from headpond.cli.hits import show_hits

        show_hits(answer)
    return 0
