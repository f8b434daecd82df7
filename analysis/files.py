"""Tables as files: written whole or not at all, and left alone where nothing but last digits would change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

SAME = 1e-9  # relative: the same numbers on another machine


def read_csv(path: Path) -> pd.DataFrame:
    """A table that :func:`write_csv` wrote; without rows and columns if there is none."""
    return pd.read_csv(path) if path.is_file() and path.stat().st_size > 1 \
        else pd.DataFrame()


def write_csv(table: pd.DataFrame, path: Path) -> Path:
    """As CSV; floats come back as the same numbers. A file that says the same to round-off is kept as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")
        if path.is_file() and same(read_csv(path), read_csv(temporary)):
            temporary.unlink()
    return path


def same(one: pd.DataFrame, two: pd.DataFrame) -> bool:
    """Whether two tables differ in no word, and in no number by more than round-off."""
    if list(one) != list(two) or len(one) != len(two):
        return False
    return all(_same(one[name], two[name]) for name in one)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A name to write under, that becomes ``path`` at the end (unless it was removed): readers see no half of it."""
    temporary = path.with_name(f".{path.name}")
    yield temporary
    if temporary.exists():
        temporary.replace(path)


def _same(one: pd.Series, two: pd.Series) -> bool:
    if all(pd.api.types.is_numeric_dtype(column) for column in (one, two)):
        return bool(np.allclose(one.to_numpy(float), two.to_numpy(float), rtol=SAME, atol=0.0, equal_nan=True))
    return bool((one.isna() == two.isna()).all() and (one.dropna() == two.dropna()).all())
