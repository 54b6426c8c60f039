"""Check pipeline files without any target: unknown keys, missing endpoints, wrong settings, unfit fields."""

from __future__ import annotations

import argparse

from headpond.cli import app
from headpond.cli.amounts import counted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's arguments."""
    parser.add_argument("pipelines", metavar="PIPELINE", nargs="*", help="names or files (default: all that are found)")


def run(args: argparse.Namespace) -> int:
    """Prints what is found, one line each; exit code 1 when there is an error."""
    from headpond.node.settings_lint import settings_problems
    from headpond.pipeline.find import find, names
    from headpond.pipeline.lint import lint

    files = [find(given) for given in args.pipelines] or [file for _, file in names()]
    findings = [finding for file in files for finding in lint(file, judge=settings_problems)]
    for finding in findings:
        print(finding)
    errors = sum(finding.level == "error" for finding in findings)
    print(f"{len(files)} checked, {counted(errors, 'error')}, {counted(len(findings) - errors, 'warning')}")
    return app.FAILED if errors else app.DONE
