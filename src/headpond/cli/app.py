"""`headpond VERB ...`: finds the verb's file, runs it, and turns errors into one message and an exit code.

Exit codes: 0 done; 1 not done, the message says why; 2 wrong usage; 3 done, but some records were dead-lettered;
4 a limit on tokens or cost ended the run; 130 interrupted.
"""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import sys
from importlib.metadata import version
from typing import NoReturn, Protocol

from headpond.errors import HeadpondError, nearest

DONE, FAILED, USAGE, DEAD_LETTERS, BUDGET, INTERRUPTED = 0, 1, 2, 3, 4, 130
NOT_VERBS = {
    "amounts", "answers", "app", "evaluated", "explained", "hits", "options", "planned",
    "progress", "show", "start", "written",
}  # fmt: skip


class Verb(Protocol):
    """What a verb's module holds; its docstring is the help text."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declares the verb's arguments."""

    def run(self, args: argparse.Namespace) -> int:
        """Does the work and gives the exit code."""


class Parser(argparse.ArgumentParser):
    """A parser that names the nearest verb or option instead of listing everything."""

    def error(self, message: str) -> NoReturn:
        """Prints the message and where help is, and exits with 2."""
        self.exit(USAGE, f"error: {message}\n  see: {self.prog} --help\n")


def verbs() -> list[str]:
    """Names of all verbs, sorted."""
    package = importlib.import_module("headpond.cli")
    return sorted(module.name for module in pkgutil.iter_modules(package.__path__) if module.name not in NOT_VERBS)


def verb_module(name: str) -> Verb:
    """The module of a verb."""
    return importlib.import_module(f"headpond.cli.{name}")


def build_parser(only: str | None = None) -> Parser:
    """The command line; with `only`, just that verb's arguments are declared, so that nothing else is imported."""
    parser = Parser(prog="headpond", description="Ingest and query pipelines for Elasticsearch.")
    parser.add_argument("--version", action="version", version=f"headpond {version('headpond')}")
    commands = parser.add_subparsers(dest="verb", metavar="VERB", parser_class=Parser)
    for name in verbs():
        if only is not None and name != only:
            continue
        module = verb_module(name)
        text = (module.__doc__ or "").strip()
        command = commands.add_parser(
            name,
            help=text.partition("\n")[0].rstrip("."),
            description=text,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(command)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Reads and runs one command.

    Returns:
        the exit code, as the module's docstring lists them.
    """
    command = read(argv)
    return command if isinstance(command, int) else run(command)


def read(argv: list[str] | None = None) -> argparse.Namespace | int:
    """Reads one command; gives the exit code where there is nothing to run."""
    argv = sys.argv[1:] if argv is None else argv
    wanted = argv[0] if argv and not argv[0].startswith("-") else None
    if wanted is not None and wanted not in verbs():
        near = nearest(wanted, verbs())
        meant = f", did you mean {near!r}?" if near else ""
        print(f"error: unknown verb {wanted!r}{meant}\n  known: {', '.join(verbs())}", file=sys.stderr)
        return USAGE
    parser = build_parser(wanted)
    args = parser.parse_args(argv)
    if args.verb is None:
        parser.print_help()
        return USAGE
    return args


def leave_at_once(message: str) -> NoReturn:
    """Ends the process although threads of it wait for answers that may never come."""
    print(message, file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(INTERRUPTED)


def run(args: argparse.Namespace) -> int:
    """Runs a command that has been read, and gives its exit code."""
    try:
        return verb_module(args.verb).run(args)
    except HeadpondError as error:
        print(f"error: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt as interrupted:
        print(str(interrupted) or "interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone (`headpond list | head`); Python would complain again while it shuts down.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE


if __name__ == "__main__":
    sys.exit(main())
