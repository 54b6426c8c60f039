"""Make a pipeline's endpoints and its index on the target; what exists and fits is left alone."""

from __future__ import annotations

import argparse

from headpond.cli import options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's arguments."""
    parser.add_argument("pipeline", metavar="PIPELINE", help="a name (see headpond list) or a file")
    parser.add_argument("--index", metavar="NAME", help="the index (default: the pipeline's)")
    options.add_target(parser)


def run(args: argparse.Namespace) -> int:
    """Applies the pipeline and says what there is now."""
    from headpond.toolkit import load

    with options.connect_to(args) as client:
        pipeline = load(args.pipeline, client=client)
        index = pipeline.apply(index=args.index)
    for inference_id, endpoint in pipeline.spec.file.endpoints.items():
        print(f"endpoint {inference_id} ({endpoint.task_type}, service {endpoint.service})")
    print(f"index {index}")
    return 0
