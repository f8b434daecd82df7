"""What a study shows: one module per study, discovered by its name; every other study has the generic views.

A study module is what :class:`Views` says, and may have four things more: ``page(tables) -> str``, markdown that
becomes ``results/<study>.md``, ``MADE_BY``, the make target of a study that has none of its own, ``ALSO``, other
studies whose runs stand in its tables, and ``UNWRITTEN``, tables that only pictures and pages need: they hold every run
once more. Each function is pure: ``tables`` makes tables out of runs, everything else shows tables.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from typing import Protocol, cast

import pandas as pd

from analysis.generic import Generic
from analysis.runs import of_studies
from analysis.style import Picture


class Views(Protocol):
    """What every study has."""

    @property
    def NOTE(self) -> str:
        """A sentence or two to stand under the summary."""

    @property
    def FIGURES(self) -> Sequence[Picture]:
        """Its pictures; the first one goes by the study's name in the README."""

    def tables(self, runs: pd.DataFrame) -> dict[str, pd.DataFrame]:
        """From the runs of the study its tables by name, the one of its own name among them."""

    def summary(self, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
        """The rows and columns that answer the study's question, as text."""


def names() -> list[str]:
    """The studies with a module of their own."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def module_of(study: str) -> Views:
    """The study's own module, or generic views: the deciding measure against what was varied."""
    if study not in names():
        return Generic(study)
    return cast(Views, importlib.import_module(f"{__name__}.{study}"))


def tables_of(study: str, runs: pd.DataFrame, environments: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The derived tables of a study, the one of its own name first, and last its ``runs`` and ``environments``."""
    module = module_of(study)
    runs = of_studies(runs, [study, *getattr(module, "ALSO", ())])
    derived = module.tables(runs)
    return {study: derived[study], **derived, "runs": runs,
            "environments": environments[environments["environment"].isin(runs["environment"])]}


def written(study: str, tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Those of :func:`tables_of` that become files."""
    apart = {"runs", "environments", *getattr(module_of(study), "UNWRITTEN", ())}
    return {name: table for name, table in tables.items() if name not in apart}
