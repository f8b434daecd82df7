"""Where things are: found from the package, so that runs may be started from anywhere."""

from __future__ import annotations

from pathlib import Path

from heroism import places

ROOT = Path(__file__).resolve().parent.parent
CONF = places.conf()


def cores() -> int:
    """That this process may use."""
    from joblib import cpu_count  # here: --help does without

    return int(cpu_count())


def results_folder(smoke: bool) -> str:
    """Results of the tiny version of a study never mix with the real ones."""
    return str(places.results() / "smoke" if smoke else places.results())
