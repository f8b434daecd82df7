"""Where things are: found relative to the repository, so that reports may be asked for from anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
STUDIES = ROOT / "conf" / "study"
RESULTS = ROOT / "results"
README = RESULTS / "README.md"  # what is published, study by study


def read_study_file(study: str) -> dict[str, Any]:
    """What stands in ``conf/study/<study>.yaml``; nothing for a study without a file, such as one of the command line.
    """
    path = STUDIES / f"{study}.yaml"
    return dict(yaml.safe_load(path.read_text())) if path.is_file() else {}
