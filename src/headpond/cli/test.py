"""Run the tests that stand in pipeline files: documents go in, a query is asked, and the hits must be as expected."""

from __future__ import annotations

import argparse

from headpond.cli import app, options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's arguments."""
    parser.add_argument("pipelines", metavar="PIPELINE", nargs="*", help="names or files (default: all that are found)")
    options.add_target(parser)
    parser.set_defaults(target="memory")


def run(args: argparse.Namespace) -> int:
    """Runs the tests; exit code 1 when one fails."""
    from headpond.pipeline.case import run_tests
    from headpond.pipeline.find import find, names
    from headpond.pipeline.load import load

    specs = [load(find(given)) for given in args.pipelines] or [load(file) for _, file in names()]
    passed = failed = 0
    with options.connect_to(args) as client:
        for spec in specs:
            for outcome in run_tests(spec, client):
                print(f"{'ok    ' if outcome.passed else 'FAILED'} {spec.name}: {outcome.name}")
                for line in outcome.failures:
                    print(f"         {line}")
                passed, failed = passed + outcome.passed, failed + (not outcome.passed)
            if not spec.file.tests:
                print(f"none   {spec.name} has no tests")
    print(f"{passed} passed, {failed} failed")
    return app.FAILED if failed else app.DONE
