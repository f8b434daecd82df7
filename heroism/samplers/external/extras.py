"""Packages that only some samplers need: imported when such a sampler is made, asked for in one sentence if missing."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from heroism.errors import MissingExtra


def needed(package: str, extra: str) -> ModuleType:
    """Import an optional package. Raises MissingExtra, with the command that installs it."""
    try:
        return import_module(package)
    except ModuleNotFoundError as missing:
        if missing.name is None or not package.startswith(missing.name.partition(".")[0]):
            raise
        remedy = f"the package {missing.name} is missing: install the extra, pip install -e '.[{extra}]'"
        raise MissingExtra("sampler", extra, remedy) from None
