"""One file per figure, each a pure function of tables.

A figure module says ``STUDY`` (whose tables it draws), ``CAPTION`` (what it shows, in words), and has
``draw(tables) -> Figure | None``: None when the tables hold nothing that it could draw. Files are discovered; one
without a ``STUDY`` belongs to somebody else.
"""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType


def discover(study: str | None = None) -> list[ModuleType]:
    """The figure modules, of one study or all, in the order of their names."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    return [module for module in modules if hasattr(module, "STUDY") and study in (None, module.STUDY)]
