"""Where things are: found relative to the repository, so that runs may be started from anywhere."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONF = ROOT / "conf"


def results_folder(smoke: bool) -> str:
    """Results of the tiny version of a study never mix with the real ones."""
    return str(ROOT / "results" / "smoke" if smoke else ROOT / "results")
