"""Tables of the `_cat` API: chosen columns, sorted rows, as aligned text or as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from headpond.node.call import Call, illegal_argument
from headpond.node.http import Response

PARAMS = (
    "bytes", "expand_wildcards", "format", "h", "help", "local", "master_timeout", "s", "time", "v",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TableColumn:
    """One column.

    Attributes:
        name: its full name, the key in JSON.
        aliases: shorter names for `h` and `s`.
        description: what `help` says.
        right: whether text is aligned to the right.
        shown: whether it is there when no columns are chosen.
    """

    name: str
    aliases: tuple[str, ...] = ()
    description: str = ""
    right: bool = False
    shown: bool = True


Row = dict[str, str | None]


def render(call: Call, columns: Sequence[TableColumn], rows: list[Row]) -> Response | list[dict[str, Any]]:
    """The answer of a `_cat` call.

    Args:
        call: its parameters `h`, `s`, `v`, `help` and `format` are used.
        columns: all there are.
        rows: values by column name.

    Raises:
        RestError: 400, an unknown column to sort by; 501, another format than text and JSON.
    """
    if call.flag("help"):
        return _text([_help(column) for column in columns])
    chosen = _chosen(call, columns)
    for key in reversed(call.names("s") or []):
        name, _, order = key.partition(":")
        found = [column for column in columns if name == column.name or name in column.aliases]
        if not found:
            raise illegal_argument(f"Unable to sort by unknown sort key `{name}`")
        by = found[0].name
        rows = sorted(rows, key=lambda row, by=by: _sort_key(row.get(by)), reverse=order == "desc")  # type: ignore[misc]
    if _wants_json(call):
        return [{shown: row.get(column.name) for shown, column in chosen} for row in rows]
    cells = [[row.get(column.name) or "" for _, column in chosen] for row in rows]
    if call.flag("v"):
        cells.insert(0, [shown for shown, _ in chosen])
    widths = [max((len(line[at]) for line in cells), default=0) for at in range(len(chosen))]
    return _text(
        [
            " ".join(
                _aligned(line[at], widths[at], chosen[at][1], last=at == len(chosen) - 1) for at in range(len(chosen))
            )
            for line in cells
        ]
    )


def _chosen(call: Call, columns: Sequence[TableColumn]) -> list[tuple[str, TableColumn]]:
    """The columns to show, each with its heading: the name it was asked for by."""
    wanted = call.names("h")
    if wanted is None:
        return [(column.name, column) for column in columns if column.shown]
    chosen: list[tuple[str, TableColumn]] = []
    for name in wanted:
        if "*" in name:
            chosen += [(column.name, column) for column in columns if fnmatchcase(column.name, name)]
        else:
            chosen += [(name, column) for column in columns if name == column.name or name in column.aliases][:1]
    return chosen


def _wants_json(call: Call) -> bool:
    wanted = call.text("format") or ""
    if wanted in ("json", "text"):
        return wanted == "json"
    if wanted:
        raise illegal_argument(f"the [format] [{wanted}] of the cat API is not supported by headpond: json, text")
    accepted = call.request.headers.get("accept", "")
    return "json" in accepted and "text/plain" not in accepted


def _aligned(value: str, width: int, column: TableColumn, *, last: bool) -> str:
    if column.right:
        return value.rjust(width)
    return value if last else value.ljust(width)


def _sort_key(value: str | None) -> tuple[int, float, str]:
    try:
        return (0, float(value or ""), "")
    except ValueError:
        return (1, 0.0, value or "")


def _help(column: TableColumn) -> str:
    return f"{column.name} | {','.join(column.aliases) or '-'} | {column.description}"


def _text(lines: list[str]) -> Response:
    body = "".join(f"{line}\n" for line in lines)
    return Response(200, {"content-type": "text/plain; charset=UTF-8"}, body.encode())
