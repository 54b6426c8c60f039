"""Search with a pipeline: embed the question, retrieve, fuse, rerank, and show the hits.

Each hit shows its rank, the rank it had before the rerank, its score and the passage that answers best, with the
question's words marked where the pipeline has `highlight`. What could not be done in time is said below.

headpond search quickstart "how do I read a CSV file"
headpond search quickstart "temporary directory" --index mine --size 3 --json
headpond search quickstart "river" --filter '{"match": {"title": "dams"}}' --explain
headpond search answers "what turns the wheel of a mill" --answer
"""

from __future__ import annotations

import argparse
from typing import Any

from headpond.cli import options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's arguments."""
    parser.add_argument("pipeline", metavar="PIPELINE", help="a name (see headpond list) or a file")
    parser.add_argument("text", metavar="TEXT", help="the question")
    parser.add_argument(
        "--index", type=options.index, metavar="NAME", help="the index, or several: a,b (default: the pipeline's)"
    )
    parser.add_argument("--size", type=options.positive, default=10, metavar="N", help="hits to show (default: 10)")
    parser.add_argument("--from", type=options.natural, default=0, metavar="N", dest="from_", help="hits to leave out")
    parser.add_argument("--filter", type=options.query, metavar="JSON", help="a query that restricts the hits")
    parser.add_argument(
        "--deadline", type=options.time_span, metavar="T",
        help="how long it may take, as in 300ms (default: the pipeline's)",
    )  # fmt: skip
    parser.add_argument("--explain", action="store_true", help="show what each leg and each processor said of a hit")
    parser.add_argument(
        "--answer", action="store_true", help="show the answer that the pipeline's completion writes while it comes"
    )
    parser.add_argument("--json", action="store_true", help="print the _search answer as JSON")
    options.add_target(parser)


def run(args: argparse.Namespace) -> int:
    """Searches and shows the hits."""
    import orjson

    from headpond.errors import InputError
    from headpond.stages.response.completion import Completion
    from headpond.toolkit import load

    asked: dict[str, Any] = {"size": args.size, "from_": args.from_, "filter": args.filter, "index": args.index}
    asked |= {"deadline": args.deadline, "explain": args.explain}
    with options.connect_to(args, create=False) as client:
        pipeline = load(args.pipeline, client=client)
        writes = any(isinstance(stage, Completion) for stage in pipeline.spec.response_processors)
        if args.answer and not writes:
            hint = "give it one: response_processors: [{completion: {inference_id: ..., field: ...}}]"
            raise InputError(
                f"the pipeline {pipeline.spec.name!r} has no completion, so it writes no answer", hint=hint
            )
        if args.json:
            answer = pipeline.search(args.text, **asked)
            print(orjson.dumps(answer, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY).decode())
            return 0
        from headpond.cli.written import heard, show_sources, show_written

        if args.answer:
            with heard() as tell:
                answer = pipeline.search(args.text, on_piece=tell, **asked)
            show_sources(answer)
        else:
            answer = pipeline.search(args.text, **asked)
            show_written(answer)
    from headpond.cli.hits import show_hits

    show_hits(answer, query=args.text, first=args.from_ + 1, explain=args.explain)
    return 0
