"""A user's data set from a file: every mistake in it is named with its file, row and column."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from heroism.errors import InputError, require
from heroism.noise import Array

REMEDY = "give a table of finite numbers, one point per row, one coordinate per column"


def read_points(path: str | Path) -> Array:
    """Points (m, d) from a .npy, .csv (comma-separated, header or not) or .parquet file.

    Raises InputError for a missing or unreadable file, another suffix, an empty table, a wrong number of dimensions,
    rows of different lengths, or an entry that is not a finite number; it names the file and the entry's row and
    column, counted from 1 as an editor shows them.
    """
    file = Path(path)
    readers = {".npy": _from_npy, ".csv": _from_csv, ".parquet": _from_parquet}
    require(file.suffix.lower() in readers, "path", path, "give a .npy, .csv or .parquet file")
    require(file.is_file(), "path", path, "there is no such file")
    return readers[file.suffix.lower()](file)


def check_points(points: Array, source: str = "points", first_row: int = 1, names: list[str] | None = None) -> Array:
    """``points`` if it is an (m, d) array of finite numbers; ``names`` are its columns'."""
    require(points.ndim == 2, source, f"array of shape {points.shape}", REMEDY)
    require(points.size > 0, source, f"empty, of shape {points.shape}", REMEDY)
    bad = np.argwhere(~np.isfinite(points))
    if len(bad):
        row, column = bad[0]
        raise _bad_entry(source, int(row) + first_row, names[column] if names else int(column) + 1, points[row, column])
    return points


def _bad_entry(source: str, row: int, column: int | str, value: object) -> InputError:
    return InputError(f"{source}, row {row}, column {column}", repr(value) if isinstance(value, str) else value,
                      f"not a finite number; {REMEDY}")


def _from_npy(file: Path) -> Array:
    try:
        array = np.load(file, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise InputError("path", file, f"not a readable .npy file of numbers ({error})") from None
    require(array.dtype.kind in "fiub", str(file), f"entries of type {array.dtype}", REMEDY)
    return check_points(array.astype(float), str(file))


def _from_csv(file: Path) -> Array:
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.reader(stream)
            rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError("path", file, f"not a readable text file ({error})") from None
    require(bool(rows), str(file), "empty", REMEDY)
    names = [cell.strip() for cell in rows[0][1]] if not any(map(_is_number, rows[0][1])) else None
    body = rows[1:] if names else rows
    require(bool(body), str(file), "a header and nothing below it", REMEDY)
    width = len(body[0][1])
    points = np.empty((len(body), width))
    for i, (line, row) in enumerate(body):
        require(len(row) == width, f"{file}, row {line}", f"{len(row)} entries",
                f"the first point has {width}; {REMEDY}")
        for j, cell in enumerate(row):
            if not _is_number(cell) or not np.isfinite(value := float(cell)):
                raise _bad_entry(str(file), line, names[j] if names and j < len(names) else j + 1, cell)
            points[i, j] = value
    return points


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _from_parquet(file: Path) -> Array:
    import pyarrow as arrow  # here: slow to import, and needed by nobody else
    from pyarrow import parquet

    try:
        table = parquet.read_table(file)
    except (arrow.ArrowException, OSError) as error:
        raise InputError("path", file, f"not a readable .parquet file ({error})") from None
    columns = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        kind = column.type
        numeric = arrow.types.is_floating(kind) or arrow.types.is_integer(kind) or arrow.types.is_boolean(kind)
        require(numeric, f"{file}, column {name}", f"type {kind}", REMEDY)
        columns.append(column.cast(arrow.float64()).to_numpy())
    points = np.stack(columns, axis=1) if columns else np.empty((0, 0))
    return check_points(points, str(file), names=table.column_names)
