"""Where files are, and tables as files: written whole or not at all, and left alone where
nothing but last digits would change.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from heroism import places

STUDIES = places.conf() / "study"
RESULTS = places.results()
README = RESULTS / "README.md"  # what is published, study by study
SAME = 1e-9  # relative: the same numbers on another machine
DIGITS = "%.10g"


def read_yaml(path: Path) -> Any:
    """What a file says, by the compiled parser where there is one. Raises yaml.YAMLError, UnicodeDecodeError."""
    return yaml.load(path.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def read_study_file(study: str) -> dict[str, Any]:
    """What stands in ``conf/study/<study>.yaml``; nothing for a study without a file, such as one of the command line.
    """
    path = STUDIES / f"{study}.yaml"
    return dict(read_yaml(path)) if path.is_file() else {}


def read_csv(path: Path, **options: Any) -> pd.DataFrame:
    """A table that :func:`write_csv` wrote; without rows and columns if there is none."""
    return pd.read_csv(path, **options) if path.is_file() and path.stat().st_size > 1 else pd.DataFrame()


def write_csv(table: pd.DataFrame, path: Path) -> Path:
    """As CSV; floats with ten digits, which is more than another machine repeats, and runs.parquet has them all. A file
    that says the same to round-off is kept as it is.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n", float_format=DIGITS)
        if path.is_file() and same(read_csv(path), read_csv(temporary)):
            temporary.unlink()
    return path


def same(one: pd.DataFrame, two: pd.DataFrame) -> bool:
    """Whether two tables differ in no word, and in no number by more than round-off."""
    try:
        pd.testing.assert_frame_equal(one, two, check_dtype=False, rtol=SAME, atol=0.0)
    except AssertionError:
        return False
    return True


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A name to write under, that becomes ``path`` at the end (unless it was removed): readers see no half of it."""
    temporary = path.with_name(f".{path.name}")
    yield temporary
    if temporary.exists():
        temporary.replace(path)
