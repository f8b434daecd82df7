"""Where configs and results are: in a checkout beside the packages, else inside the installed package and the working
directory; environment variables name other places.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from heroism.errors import require

CONF_VARIABLE, RESULTS_VARIABLE = "HEROISM_CONF", "HEROISM_RESULTS"
PACKAGE = Path(__file__).resolve().parent


def conf(package: Path = PACKAGE, named: Mapping[str, str] = os.environ) -> Path:
    """The folder of configs, studies among them: the one that ``HEROISM_CONF`` names, that of the checkout, or the copy
    that an installed package brings."""
    if named.get(CONF_VARIABLE):
        return Path(named[CONF_VARIABLE]).resolve()
    return package.parent / "conf" if is_checkout(package) else package / "conf"


def results(package: Path = PACKAGE, named: Mapping[str, str] = os.environ) -> Path:
    """Where results go: to the folder that ``HEROISM_RESULTS`` names, else to ``results`` of the checkout, or of the
    working directory where the package is installed."""
    if named.get(RESULTS_VARIABLE):
        return Path(named[RESULTS_VARIABLE]).resolve()
    return (package.parent if is_checkout(package) else Path.cwd()) / "results"


def is_checkout(package: Path = PACKAGE) -> bool:
    """Whether the package lies in its repository."""
    return (package.parent / "pyproject.toml").is_file() and (package.parent / "conf").is_dir()


def check(folder: Path) -> None:
    """Raises InputError for a folder that holds no configs."""
    require((folder / "config.yaml").is_file() and (folder / "study").is_dir(), CONF_VARIABLE, folder,
            "there are no configs; name a folder like conf of the repository, with config.yaml and study/ in it")
