"""See it work: the Python standard library's documentation goes in, questions in plain words come back answered.

Local models, no key, no cluster; the weights (about 100 MB) are fetched once. A second run finds everything unchanged.
"""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from headpond.cli import app, options, progress

if TYPE_CHECKING:
    from headpond.pipeline import Pipeline

INDEX = "python-docs"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's arguments."""
    options.add_target(parser)


def run(args: argparse.Namespace) -> int:
    """Fetches models, indexes, asks."""
    from headpond.demo.questions import QUESTIONS
    from headpond.demo.standard_library import records
    from headpond.toolkit import load

    _fetch_models()
    with options.connect_to(args) as client:
        pipeline = load("quickstart", client=client)
        print("indexing the documentation of the Python standard library", flush=True)
        with progress.ingest_progress() as tell:
            report = pipeline.ingest(records(), index=INDEX, on_progress=tell)
        progress.show_report(report)
        for question in QUESTIONS:
            _ask(pipeline, question)
    _say_what_next()
    return app.DEAD_LETTERS if report.dead_lettered else app.DONE


def _fetch_models() -> None:
    from headpond.cli import show
    from headpond.models import store
    from headpond.models.fetching import pull

    for name in ("all-minilm-l6-v2", "splade-tiny"):
        if not store.present(name):
            with show.model_progress() as tell:
                pull(name, tell)


def _ask(pipeline: Pipeline, question: str) -> None:
    from headpond.cli.hits import show_hits

    started = time.perf_counter()
    answer = pipeline.search(question, size=3, index=INDEX)
    print()
    show_hits(answer, question=f"{question}?  ({1000 * (time.perf_counter() - started):.0f} ms)")


def _say_what_next() -> None:
    print(
        "\nYour turn. Records are JSON lines with `title` and `body` (and `_id`, if they have one):\n"
        "  headpond ingest quickstart your.jsonl --index yours\n"
        '  headpond search quickstart "your question" --index yours\n'
        f'  headpond search quickstart "more of this" --index {INDEX}\n'
        "  headpond serve                      # the same node for any Elasticsearch client, on port 9200"
    )
