"""Parquet: rows in batches, one row group after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from headpond.errors import InputError, MissingExtraError
from headpond.pipeline.sources.base import Item
from headpond.pipeline.sources.file_source import FileSource
from headpond.pipeline.sources.values import to_json

if TYPE_CHECKING:
    import pyarrow
    from pyarrow.parquet import ParquetFile

_ROWS = 512
"""Rows that are turned into records together."""


class Parquet(FileSource):
    """A table of typed columns; a record's line is its row, counted over all row groups.

    Nested columns become objects and arrays, maps become objects; see `values.to_json` for the rest. Times are given
    to the microsecond.
    """

    endings = (".parquet", ".pq")
    compressible = False

    def parse(self, file: BinaryIO) -> Iterator[Item]:
        """The rows; one that holds what JSON cannot say is an item with an error.

        Raises:
            InputError: the file is not Parquet, has two columns of one name, or breaks off.
            MissingExtraError: pyarrow is not installed.
        """
        return self.parse_after(file, 0, None)

    def parse_after(self, file: BinaryIO, line: int, position: Any) -> Iterator[Item]:
        """The rows behind one; row groups before it are not read."""
        try:
            import pyarrow
            from pyarrow.parquet import ParquetFile
        except ImportError:
            raise MissingExtraError("reading Parquet files", "parquet", "pyarrow") from None
        if not file.seekable():
            raise InputError("Parquet is read from its end, which this source cannot jump to", where=self.name)
        done = 0
        try:
            with ParquetFile(file, pre_buffer=False) as table:
                if (twice := _repeated_name(table.schema_arrow)) is not None:
                    raise InputError(f"two columns are named {twice!r}", where=self.name)
                for item in _rows(table, line):
                    done = item.line
                    yield item
        except (pyarrow.ArrowException, OSError) as error:
            reason = str(error).partition("\n")[0]
            raise InputError(f"cannot be read on: {reason}", where=f"{self.name}:{max(done, line) + 1}") from None


def _rows(table: ParquetFile, after: int) -> Iterator[Item]:
    line = 0
    kinds = {field.name: field.type for field in table.schema_arrow if _holds_map(field.type)}
    for group in range(table.num_row_groups):
        size = table.metadata.row_group(group).num_rows
        if line + size <= after:
            line += size
            continue
        for batch in table.iter_batches(batch_size=_ROWS, row_groups=[group], use_threads=False):
            skipped = min(max(after - line, 0), batch.num_rows)
            line += skipped
            for row in _to_microseconds(batch.slice(skipped)).to_pylist():
                line += 1
                yield _item(line, row, kinds)


def _item(line: int, row: dict[str, Any], kinds: dict[str, pyarrow.DataType]) -> Item:
    try:
        return Item(line, to_json(row | {name: _maps_as_objects(row[name], kind) for name, kind in kinds.items()}))
    except ValueError as error:
        return Item(line, None, repr(row)[:1000], str(error))


def _maps_as_objects(value: Any, kind: pyarrow.DataType) -> Any:
    """The same with maps, which pyarrow gives as lists of pairs, as dicts.

    Raises:
        ValueError: a map holds a key twice, of which an object could keep one value only.
    """
    from pyarrow import types

    if value is None:
        return None
    if types.is_map(kind):
        made: dict[str, Any] = {}
        for key, inner in value:
            name = str(to_json(key))
            if name in made:
                raise ValueError(f"the field [{name}] stands twice in one object")
            made[name] = _maps_as_objects(inner, kind.item_type)
        return made
    if types.is_struct(kind):
        return {field.name: _maps_as_objects(value[field.name], field.type) for field in kind}
    if types.is_nested(kind) and kind.num_fields == 1:
        return [_maps_as_objects(inner, kind.value_type) for inner in value]
    return value


def _holds_map(kind: pyarrow.DataType) -> bool:
    from pyarrow import types

    return types.is_map(kind) or any(_holds_map(kind.field(place).type) for place in range(kind.num_fields))


def _repeated_name(fields: pyarrow.Schema | pyarrow.DataType) -> str | None:
    """A name that two columns, or two fields of one struct, share."""
    from pyarrow import types

    seen: set[str] = set()
    for place in range(len(fields) if hasattr(fields, "names") else fields.num_fields):
        field = fields.field(place)
        struct = not hasattr(fields, "num_fields") or types.is_struct(fields)
        if struct and field.name in seen:
            return str(field.name)
        seen.add(field.name)
        if (twice := _repeated_name(field.type)) is not None:
            return twice
    return None


def _to_microseconds(batch: pyarrow.RecordBatch) -> pyarrow.RecordBatch:
    """The batch with what is counted in nanoseconds, which Python's own types do not hold, cut to microseconds."""
    import pyarrow

    schema = pyarrow.schema([field.with_type(_coarser(field.type)) for field in batch.schema])
    if schema.types == batch.schema.types:
        return batch
    columns = [column.cast(kind, safe=False) for column, kind in zip(batch.columns, schema.types, strict=True)]
    return pyarrow.RecordBatch.from_arrays(columns, schema=schema)


def _coarser(kind: pyarrow.DataType) -> pyarrow.DataType:
    import pyarrow
    from pyarrow import types

    if types.is_timestamp(kind) and kind.unit == "ns":
        return pyarrow.timestamp("us", kind.tz)
    if types.is_duration(kind) and kind.unit == "ns":
        return pyarrow.duration("us")
    if types.is_time64(kind) and kind.unit == "ns":
        return pyarrow.time64("us")
    if types.is_struct(kind):
        return pyarrow.struct([field.with_type(_coarser(field.type)) for field in kind])
    if types.is_map(kind):
        return pyarrow.map_(_coarser(kind.key_type), _coarser(kind.item_type))
    if types.is_large_list(kind):
        return pyarrow.large_list(_coarser(kind.value_type))
    if types.is_list(kind):
        return pyarrow.list_(kind.value_field.with_type(_coarser(kind.value_type)))
    return kind
