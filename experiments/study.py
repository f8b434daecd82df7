"""A study's grids as lists of Hydra overrides, one per job."""

from __future__ import annotations

import itertools
import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from experiments.words import GROUP, canonical
from heroism.errors import InputError

Axes = dict[str, list[str]]  # override key -> the values it takes, as Hydra writes them
WHOLE = ("T", GROUP)  # a list of these is one value: a ladder inside one job, measures of one run


def expand(study: Mapping[str, Any], overrides: Mapping[str, list[str]], groups: Collection[str],
           smoke: bool) -> list[list[str]]:
    """The jobs of a study: Cartesian product within a grid, union over grids.

    Parameters
    ----------
    study : ``grids``, a list of {override: value, or list of values}; ``across``, partial grids of the same form, each
        of which is combined with each of ``grids`` (and wins where both set something); ``smoke``, overrides for the
        tiny version.
    overrides : from the command line, {key: values}. They replace that axis in every grid. The values of a *group*
        (target, sampler ...) narrow it instead: only grids with that value are kept; one that no grid has replaces the
        axis in all of them.
    groups : names of Hydra's config groups.
    smoke : use the tiny version.

    Raises
    ------
    InputError : the file has no grids.
    """
    grids = [axes(grid) for grid in study.get("grids") or []]
    if not grids:
        raise InputError("study.grids", "[]", "give a study at least one grid: a list of {override: values}")
    grids = [grid | axes(part) for part in study.get("across") or [{}] for grid in grids]
    if smoke:
        for key, values in axes(study.get("smoke") or {}).items():
            grids = _replace_all(grids, key, values)
    for key in sorted(overrides, key=lambda key: key not in groups):  # a choice first, then the settings inside it
        grids = (_narrow if key in groups else _replace_all)(grids, key, overrides[key])
    return [list(job) for grid in grids for job in product(grid)]


def product(grid: Mapping[str, list[str]]) -> Iterable[tuple[str, ...]]:
    """Every combination of an axis' values, as overrides ``key=value``."""
    return itertools.product(*([f"{key}={value}" for value in values] for key, values in grid.items()))


def axes(grid: Mapping[str, Any]) -> Axes:
    """A grid as it stands in the YAML file, in Hydra's notation."""
    return dict(_axis(*pair) for pair in grid.items())


def _axis(name: str, given: Any) -> tuple[str, list[str]]:
    """One line of a grid: an override and the values it takes."""
    key = canonical(name)
    values = given if isinstance(given, list) and key not in WHOLE else [given]
    return key, [canonical(f"{key}={_written(value)}")[len(key) + 1:] for value in values]


def _narrow(grids: list[Axes], key: str, values: list[str]) -> list[Axes]:
    kept = [grid | {key: [value for value in grid[key] if value in values]} for grid in grids
            if set(grid.get(key, ())) & set(values)]
    new = [value for value in values if not any(value in grid.get(key, ()) for grid in grids)]
    return kept + (_replace_all(grids, key, new) if new else [])


def _replace_all(grids: list[Axes], key: str, values: list[str]) -> list[Axes]:
    return [_replace(grid, key, values) for grid in grids]


def _replace(grid: Axes, key: str, values: list[str]) -> Axes:
    """The grid with another axis; settings inside what was chosen before (``measure.histogram.bins``) go with it."""
    if grid.get(key) == values:
        return grid
    return {name: old for name, old in grid.items() if not name.startswith(f"{key}.")} | {key: values}


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
