"""Rows of a database, whatever SQLAlchemy has a dialect for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headpond.errors import InputError, MissingExtraError
from headpond.pipeline.sources.base import Item, Source
from headpond.pipeline.sources.values import to_json

if TYPE_CHECKING:
    from sqlalchemy import ColumnClause, Connection, Engine, FromClause, Row, Select, TextClause

_ROWS = 1000
"""Rows that are fetched at a time; the database keeps the rest (a server-side cursor, where it has one)."""

_DIALECTS = frozenset({"sqlite", "postgresql", "mysql", "mariadb", "oracle", "mssql"})
_PACKAGES = {"MySQLdb": "mysqlclient"}
"""Packages of drivers that are called otherwise."""

_TABLE = re.compile(r"[^\s;()]+")


def is_database(given: str) -> bool:
    """Whether a URL is one of SQLAlchemy's: its scheme is a dialect, or a dialect and a driver (`mysql+pymysql`)."""
    scheme, separator, _ = given.partition("://")
    if not separator:
        return False
    dialect, plus, _ = scheme.partition("+")
    return bool(plus) or dialect in _DIALECTS or bool(entry_points(group="sqlalchemy.dialects", name=dialect))


class SqlSource(Source):
    """The rows of a table or of a query; a record's line is its row.

    With an id field rows come in its order, and a job goes on behind the last id. Without one a job that was ended
    reads the rows again.

    Args:
        url: SQLAlchemy's, with `#TABLE` at its end where no query is given.
        query: a `SELECT`, or the name of a table.
        id_field: the column with ids.

    Raises:
        InputError: the database or the table is not there.
        MissingExtraError: SQLAlchemy is not installed.
    """

    def __init__(self, url: str, query: str | None = None, *, id_field: str | None = None) -> None:
        try:
            from sqlalchemy import make_url
            from sqlalchemy.exc import ArgumentError
        except ImportError:
            raise MissingExtraError("reading a database", "sql", "SQLAlchemy") from None
        address, _, table = url.partition("#")
        try:
            self._url = make_url(address)
        except ArgumentError:
            raise InputError("the address of the database cannot be read", where=address.partition("://")[0]) from None
        self.name = self._url.render_as_string(hide_password=True)
        wanted = (query or table).strip().rstrip(";")
        if not wanted:
            raise InputError("which rows?", where=self.name, hint='give --query "SELECT ...", or #TABLE behind the URL')
        self._wanted = wanted
        self._id_field = id_field
        # Behind an address stands the name of a table, whatever is in it.
        self._is_table = query is None or _TABLE.fullmatch(wanted) is not None
        if self._is_table:
            self.name += f"#{wanted}"
        self._check()

    def items(self) -> Iterator[Item]:
        """All rows; one that holds what JSON cannot say is an item with an error.

        Raises:
            InputError: the query is refused, or the database is gone midway.
        """
        return self._rows(0, None)

    def items_after(self, line: int, position: Any) -> Iterator[Item]:
        """The rows behind one.

        Raises:
            InputError: as `items`.
        """
        if self._id_field is None or position is None:
            return super().items_after(line, position)
        return self._rows(line, position)

    def identity(self) -> dict[str, Any] | None:
        """Database and query, where rows have an order; rows that change do not matter to what comes behind an id."""
        if self._id_field is None:
            return None
        return {"database": self._url.render_as_string(hide_password=True), "rows": self._wanted}

    def _rows(self, line: int, position: Any) -> Iterator[Item]:
        last, seen = position or (None, 0)
        skipped = seen
        with self._connected(line) as connection:
            found = connection.execute(
                self._statement(last), execution_options={"stream_results": True, "yield_per": _ROWS}
            )
            names = self._names(list(found.keys()))
            place = names.index(self._id_field) if self._id_field is not None else None
            for row in found:
                key = row[place] if place is not None else None
                if skipped and key == last:
                    skipped -= 1
                    continue
                skipped = 0
                line += 1
                seen = seen + 1 if key == last else 1
                last = key
                # Only numbers and texts come back from JSON as what they were.
                usable = isinstance(key, int | str) and not isinstance(key, bool)
                yield _item(line, names, row, [key, seen] if usable else None)

    def _statement(self, last: Any) -> Select[Any] | TextClause:
        from sqlalchemy import bindparam, column, literal_column, select

        if self._id_field is None and not self._is_table:
            return self._text()
        statement: Select[Any] = select(literal_column("*")).select_from(self._table())
        if self._id_field is None:
            return statement
        ordered = statement.order_by(column(self._id_field))
        return ordered if last is None else ordered.where(column(self._id_field) >= bindparam(None, last))

    def _text(self) -> TextClause:
        """The query, in which a colon is no parameter; it ends its line, so that no comment swallows what follows."""
        from sqlalchemy import text

        return text(self._wanted.replace(":", "\\:") + "\n")

    def _table(self) -> FromClause:
        from sqlalchemy import column, table

        if self._is_table:
            schema, _, name = self._wanted.rpartition(".")
            return table(name, schema=schema or None)
        columns: list[ColumnClause[Any]] = [column(self._id_field)] if self._id_field is not None else []
        return self._text().columns(*columns).subquery("headpond_rows")

    def _names(self, names: list[str]) -> list[str]:
        for name in names:
            if names.count(name) > 1:
                raise InputError(f"two columns are named {name!r}", where=self.name, hint="give one of them AS ...")
        if self._id_field is not None and self._id_field not in names:
            known = ", ".join(names)
            raise InputError(
                f"there is no column {self._id_field!r} for the ids", where=self.name, hint=f"has: {known}"
            )
        return names

    def _check(self) -> None:
        from sqlalchemy import inspect

        file = self._url.database
        kept = self._url.get_backend_name() == "sqlite" and file and ":memory:" not in file and "file:" not in file
        if kept and not Path(str(file)).is_file():
            raise InputError("there is no such file", where=self.name)
        with self._connected(0) as connection:
            if not self._is_table:
                return
            schema, _, name = self._wanted.rpartition(".")
            inspector = inspect(connection)
            tables = [*inspector.get_table_names(schema or None), *inspector.get_view_names(schema or None)]
            if name not in tables and not inspector.has_table(name, schema or None):
                known = ", ".join(sorted(tables)) or "(none)"
                raise InputError(f"there is no table {name!r}", where=self.name, hint=f"tables: {known}")

    @contextmanager
    def _connected(self, line: int) -> Iterator[Connection]:
        from sqlalchemy.exc import SQLAlchemyError

        engine = self._engine()
        try:
            with engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            said = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
            if self._url.password:
                said = said.replace(str(self._url.password), "***")
            raise InputError(f"cannot be read: {said}", where=self.name) from None
        finally:
            engine.dispose()

    def _engine(self) -> Engine:
        from sqlalchemy import create_engine
        from sqlalchemy.exc import NoSuchModuleError
        from sqlalchemy.pool import NullPool

        try:
            return create_engine(self._url, poolclass=NullPool)
        except NoSuchModuleError:
            reason = f"SQLAlchemy knows no dialect {self._url.drivername!r}"
            raise InputError(reason, where=self.name, hint="install the package that has it") from None
        except ModuleNotFoundError as error:
            reason = f"the database's driver is missing: {error.name}"
            package = _PACKAGES.get(str(error.name), error.name)
            raise InputError(reason, where=self.name, hint=f"pip install {package}") from None


def _item(line: int, names: list[str], row: Row[Any], position: Any) -> Item:
    try:
        return Item(line, {name: to_json(value) for name, value in zip(names, row, strict=True)}, position=position)
    except ValueError as error:
        return Item(line, None, repr(dict(zip(names, row, strict=True)))[:1000], str(error), position)
