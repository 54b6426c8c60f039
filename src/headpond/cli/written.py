"""How an answer in words looks: while it comes, and with the hits it refers to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.live import Live
from rich.panel import Panel
from rich.text import Text

from headpond.cli import show
from headpond.cli.hits import title_of


@contextmanager
def heard() -> Iterator[Callable[[str], None]]:
    """What takes the pieces of an answer and shows them: in a panel on a terminal, as plain text elsewhere."""
    out = show.console()
    said: list[str] = []
    if not out.is_terminal:
        yield lambda piece: _plain(piece, said)
        if said:
            print(flush=True)
        return
    with Live(_panel("…"), console=out, refresh_per_second=12, vertical_overflow="visible") as live:

        def tell(piece: str) -> None:
            said.append(piece)
            live.update(_panel("".join(said)))

        yield tell
        if not said:
            live.update(Text("no answer", style="yellow"))


def _plain(piece: str, said: list[str]) -> None:
    said.append(piece)
    print(piece, end="", flush=True)


def show_written(answer: Mapping[str, Any]) -> None:
    """Prints the answer that a `completion` wrote, with its sources; nothing where there is none."""
    written = answer.get("ext", {}).get("completion")
    if written is None:
        return
    out = show.console()
    text = written["text"].strip()
    out.print(_panel(text) if out.is_terminal else Text(text))
    show_sources(answer)


def show_sources(answer: Mapping[str, Any]) -> None:
    """Prints the hits that the answer was written from, by their numbers; those that it refers to stand out."""
    written = answer.get("ext", {}).get("completion")
    if written is None:
        return
    out = show.console()
    hits = {hit["_id"]: hit for hit in answer["hits"]["hits"]}
    for number, name in enumerate(written["ids"], 1):
        used = name in written["cited"]
        title = title_of(hits[name]) if name in hits else name
        line = Text(f"[{number}] {title}", style="cyan" if used else "dim")
        line.append("" if title == name else f"  {name}", style="dim")
        line.append("" if used else "  (not referred to)", style="dim")
        out.print(line)
    out.print()


def _panel(text: str) -> Panel:
    return Panel(Text(text), title="answer", title_align="left", border_style="green")
