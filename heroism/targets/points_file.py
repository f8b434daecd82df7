"""A user's data set from a file: every mistake in it is named with its file, row and column."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from heroism.errors import InputError, require
from heroism.noise import Array

NUMBER = re.compile(r"[+-]?((\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|nan|inf(inity)?)", re.IGNORECASE | re.ASCII)
WHOLE = re.compile(r"[+-]?\d+", re.ASCII)
EXACT = 2.0**53  # whole numbers up to here are exact in double precision
REMEDY = "give a table of finite numbers, one point per row, one coordinate per column"


def read_points(path: str | Path, header: bool | None = None) -> Array:
    """Points (m, d) from a .npy, .csv (comma-separated, header or not) or .parquet file.

    ``header`` : whether the first row of a .csv file is names; None: it is, if no entry of it is a number. What the
    metadata of Parquet call an index is left out.

    Raises InputError for a missing or unreadable file, another suffix, an empty table, a wrong number of dimensions,
    rows of different lengths, another separator than a comma, a first column that is an index, names that could be a
    point, or an entry that is not a finite number or more exact than double precision; it names the file and the
    entry's row and column, counted from 1 as an editor shows them.
    """
    file = Path(path)
    readers: Mapping[str, Callable[[Path], Array]] = {
        ".npy": _from_npy, ".csv": partial(_from_csv, header=header), ".parquet": _from_parquet}
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
    if array.dtype.kind in "iu" and array.ndim == 2:
        for row, column in np.argwhere(np.abs(array.astype(float)) > EXACT)[:1]:
            raise _inexact(str(file), int(row) + 1, int(column) + 1, array[row, column])
    return check_points(array.astype(float), str(file))


def _from_csv(file: Path, header: bool | None) -> Array:
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.reader(stream)
            rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError("path", file, f"not a readable text file ({error})") from None
    require(bool(rows), str(file), "empty", REMEDY)
    _check_separator(file, rows)
    names = _names(file, rows, header)
    body = rows[1:] if names else rows
    require(bool(body), str(file), "a header and nothing below it", REMEDY)
    width = len(body[0][1])
    require(not names or len(names) == width, str(file), f"{len(names or ())} names above {width} entries a row",
            "give every column a name, or none (and no names of rows, no decimal commas)")
    points = np.empty((len(body), width))
    for i, (line, row) in enumerate(body):
        require(len(row) == width, f"{file}, row {line}", f"{len(row)} entries",
                f"the first point has {width}; {REMEDY}")
        for j, cell in enumerate(row):
            column = names[j] if names else j + 1
            if not _is_number(cell) or not np.isfinite(value := float(cell)):
                raise _bad_entry(str(file), line, column, cell)
            if WHOLE.fullmatch(cell.strip()) and abs(int(cell)) > EXACT:
                raise _inexact(str(file), line, column, cell)
            points[i, j] = value
    return points


def _check_separator(file: Path, rows: Sequence[tuple[int, list[str]]]) -> None:
    """InputError for rows that are separated by something else than commas."""
    text = ",".join(rows[-1][1])
    for sign, word in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        commas = " and decimal commas" if re.search(r"\d,\d", text) else ""
        require(sign not in text, str(file), f"rows with {word}{commas}",
                "separate columns by commas, and write decimals with points")


def _names(file: Path, rows: Sequence[tuple[int, list[str]]], header: bool | None) -> list[str] | None:
    """Of the columns, if the first row has them."""
    first = [cell.strip() for cell in rows[0][1]]
    if header is None:
        named = not any(map(_is_number, first))
        numbered = len(first) > 1 and first == [str(i) for i in range(len(first))]
        require(not numbered, f"{file}, row 1", ", ".join(first),
                "may be a point or the names of the columns: say target.header=true or target.header=false")
    else:
        named = header
    nameless = len(first) > 1 and first[0] == "" and all(first[1:])
    require(not nameless, f"{file}, column 1", "without a name",
            "looks like an index, not a coordinate: write the file without it (pandas: index=False), or name it")
    return first if named else None


def _is_number(cell: str) -> bool:
    return NUMBER.fullmatch(cell.strip()) is not None


def _inexact(source: str, row: int, column: int | str, value: object) -> InputError:
    return InputError(f"{source}, row {row}, column {column}", value,
                      "whole numbers beyond 2^53 are not exact in double precision: shift or scale the column")


def _from_parquet(file: Path) -> Array:
    import pyarrow as arrow  # here: slow to import, and needed by nobody else
    from pyarrow import parquet

    try:
        table = parquet.read_table(file)
    except (arrow.ArrowException, OSError) as error:
        raise InputError("path", file, f"not a readable .parquet file ({error})") from None
    told = json.loads((table.schema.metadata or {}).get(b"pandas", b"{}"))
    indices = {name for name in told.get("index_columns", []) if isinstance(name, str)}
    columns, names = [], [name for name in table.column_names if name not in indices]
    for name in names:
        column = table[name]
        kind = column.type
        numeric = arrow.types.is_floating(kind) or arrow.types.is_integer(kind) or arrow.types.is_boolean(kind)
        require(numeric, f"{file}, column {name}", f"type {kind}", REMEDY)
        try:
            columns.append(column.cast(arrow.float64()).to_numpy())
        except arrow.ArrowInvalid:
            row = next(i for i, value in enumerate(column.to_pylist()) if value is not None and abs(value) > EXACT)
            raise _inexact(str(file), row + 1, name, column[row].as_py()) from None
    points = np.stack(columns, axis=1) if columns else np.empty((0, 0))
    return check_points(points, str(file), names=names)
