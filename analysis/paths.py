"""Where things are: found relative to the repository, so that reports may be asked for from anywhere."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STUDIES = ROOT / "conf" / "study"
RESULTS = ROOT / "results"
README = ROOT / "README.md"
