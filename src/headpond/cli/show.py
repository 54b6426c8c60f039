"""How things look on a terminal; plain lines where the output is not one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from headpond.models.progress import Progress as ModelProgress

WIDE = 120


class Terminal(Console):
    """A console that leaves a reader who has gone to whoever runs the verb; rich would exit with 1."""

    def on_broken_pipe(self) -> NoReturn:
        """Raises the error that is being handled."""
        raise BrokenPipeError


def console(*, stderr: bool = False) -> Console:
    """A console; away from a terminal lines are not wrapped at 80 characters."""
    stream = sys.stderr if stderr else sys.stdout
    return Terminal(file=stream, width=None if stream.isatty() else WIDE, highlight=False, soft_wrap=False)


def table(columns: Sequence[str], rows: Sequence[Sequence[str | Text]]) -> None:
    """Prints a table without frames; away from a terminal a row is one line, however long, for `grep` and the like."""
    if not sys.stdout.isatty():
        lines = [columns, *([str(cell) for cell in row] for row in rows)]
        widths = [max(cell_len(line[column]) for line in lines) for column in range(len(columns))]
        for line in lines:
            print("  ".join(set_cell_size(cell, width) for cell, width in zip(line, widths, strict=True)).rstrip())
        return
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        shown.add_column(name, overflow="fold")
    for row in rows:
        shown.add_row(*row)
    console().print(shown)


@contextmanager
def model_progress() -> Iterator[Callable[[ModelProgress], None]]:
    """Shows the fetch of a model on stderr: a bar on a terminal, a line a step elsewhere."""
    out = console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=out, transient=True, disable=not out.is_terminal) as bars:
        task = bars.add_task("", total=None)

        def tell(progress: ModelProgress) -> None:
            bars.update(task, description=progress.model, completed=progress.done, total=progress.total or None)
            if progress.state == "failed":
                out.print(f"{progress.model}: {progress.source}: {progress.reason}")
            elif progress.state == "done":
                out.print(f"{progress.model}: {progress.total / 1e6:.1f} MB from {progress.source}, hashes match")

        yield tell
