"""`headpond VERB ...`: finds the verb's file, runs it, and turns errors into one message and an exit code.

Exit codes: 0 done; 1 not done, the message says why; 2 wrong usage; 3 done, but some records were dead-lettered;
4 a limit on tokens or cost ended the run; 130 interrupted.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import os
import pkgutil
import re
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, NoReturn, Protocol

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
    """A parser that names the nearest verb, action or option instead of listing everything."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._negative_number_matcher = re.compile(r"-\.?\d")  # -5ms is a value like -5, and not an option

    def error(self, message: str) -> NoReturn:
        """Prints the message and where help is, and exits with 2."""
        positional = (action.choices for action in self._actions if action.choices and not action.option_strings)
        if "required" in message and (choices := next(positional, None)):
            message += f"\n  valid: {', '.join(choices)}"
        self.exit(USAGE, f"error: {message}\n  see: {self.prog} --help\n")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Refuses what the verb does not know where it stands, so that the verb's own options are looked through."""
        known, unknown = super().parse_known_args(args, namespace)
        if unknown:
            options = [option for action in self._actions for option in action.option_strings]
            kind = "option" if unknown[0].startswith("-") else "argument"
            self.error(f"unknown {kind} {unknown[0]!r}{_meant(unknown[0].partition('=')[0], options)}")
        return known, unknown

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            names = [str(choice) for choice in action.choices]
            raise argparse.ArgumentError(action, f"{value!r} is none of {', '.join(names)}{_meant(str(value), names)}")


def _meant(got: str, known: Sequence[str]) -> str:
    near = nearest(got, known)
    return f", did you mean {near!r}?" if near else ""


def verbs() -> list[str]:
    """Names of all verbs, sorted."""
    package = importlib.import_module("headpond.cli")
    return sorted(module.name for module in pkgutil.iter_modules(package.__path__) if module.name not in NOT_VERBS)


def verb_module(name: str) -> Verb:
    """The module of a verb."""
    return importlib.import_module(f"headpond.cli.{name}")


def about(verb: str) -> str:
    """What a verb's file says it does; nothing is imported for that."""
    source = pkgutil.get_data("headpond.cli", f"{verb}.py") or b""
    return (ast.get_docstring(ast.parse(source)) or "").strip()


def build_parser(only: str | None = None, *, arguments: bool = True) -> Parser:
    """The command line.

    Args:
        only: the one verb that it has; None for all.
        arguments: whether the verbs' arguments are declared, for which their files are imported.
    """
    parser = Parser(prog="headpond", description="Ingest and query pipelines for Elasticsearch.")
    parser.add_argument("--version", action="version", version=f"headpond {version('headpond')}")
    commands = parser.add_subparsers(dest="verb", metavar="VERB", parser_class=Parser)
    for name in verbs():
        if only is not None and name != only:
            continue
        text = about(name)
        command = commands.add_parser(
            name,
            help=text.partition("\n")[0].rstrip("."),
            description=text,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if arguments:
            verb_module(name).add_arguments(command)
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
        meant = _meant(wanted, verbs())
        print(f"error: unknown verb {wanted!r}{meant}\n  known: {', '.join(verbs())}", file=sys.stderr)
        return USAGE
    parser = build_parser(wanted, arguments=wanted is not None)
    try:
        args = parser.parse_args(argv)
        if args.verb is None:
            parser.print_help()
            return USAGE
    finally:
        try:
            sys.stdout.flush()  # of --help
        except BrokenPipeError:
            leave_unread()
    return args


def leave_at_once(message: str) -> NoReturn:
    """Ends the process although threads of it wait for answers that may never come."""
    print(message, file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(INTERRUPTED)


def leave_unread() -> None:
    """The reader of our output has gone (`headpond list | head`); Python would complain again while it shuts down."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def run(args: argparse.Namespace) -> int:
    """Runs a command that has been read, and gives its exit code."""
    try:
        code = verb_module(args.verb).run(args)
        sys.stdout.flush()  # here, where a reader that has gone can be told from an error
    except HeadpondError as error:
        print(f"error: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt as interrupted:
        print(str(interrupted) or "interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        leave_unread()
        return DONE
    return code


if __name__ == "__main__":
    sys.exit(main())
