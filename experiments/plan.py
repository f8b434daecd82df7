"""From the command line of a sweep to its jobs, without paying Hydra's price for each of them."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf, open_dict

from experiments.job import Job
from experiments.study import expand, product
from heroism.errors import require


class Planner:
    """Composes with Hydra once per choice of groups and sets plain values on a copy: 1-2 ms per job instead of 50."""

    def __init__(self, loader: ConfigLoader, master: DictConfig):
        self.loader, self.master = loader, master
        self.groups = frozenset(loader.list_groups(""))
        self._parser = OverridesParser.create(config_loader=loader)
        self._compose, self._parse = cache(self._compose), cache(self._parse)  # type: ignore[method-assign]

    def plan(self, arguments: Sequence[str]) -> list[Job]:
        """The different jobs that the command line asks for. Raises InputError, or what Hydra raises for overrides."""
        given = self.given(arguments)
        study = self.master.get("study")
        require(len(given.get("study", ())) < 2, "study", ",".join(given.get("study", ())), "run one study at a time")
        every: Iterable[Sequence[str]] = product(given)
        if study is not None:
            every = self._of_study(OmegaConf.to_container(study, resolve=True), given)
        return list({job.identity: job for job in map(self._job, every)}.values())

    def grid(self, grid: Mapping[str, Any], arguments: Sequence[str]) -> list[Job]:
        """The jobs of one more grid, with the overrides of the command line; no smoke version replaces its axes."""
        return [self._job(overrides) for overrides in self._of_study({"grids": [grid]}, self.given(arguments))]

    def given(self, arguments: Sequence[str]) -> dict[str, list[str]]:
        """What the command line overrides, and its values."""
        return {part.get_key_element(): _values(part) for part in self._parser.parse_overrides(list(arguments))}

    def _of_study(self, study: Any, given: Mapping[str, list[str]]) -> list[list[str]]:
        if study.get("optimise") and not study.get("grids"):
            return []
        fixed = [f"{name}={value}" for name in ("study", "smoke") for value in given.get(name, [])]
        axes = {name: values for name, values in given.items() if name not in ("study", "smoke")}
        return [fixed + overrides for overrides in expand(study, axes, self.groups, self.master.smoke)]

    def _job(self, overrides: Sequence[str]) -> Job:
        values = [self._parse(text) for text in overrides]
        structural = [text for text, value in zip(overrides, values, strict=True) if not self._plain(value)]
        composed, choices = self._compose(tuple(structural))
        cfg = copy.deepcopy(composed)
        for value in filter(self._plain, values):
            OmegaConf.update(cfg, value.key_or_group, value.value(), merge=True)
        return Job.from_config(cfg, choices)

    def _plain(self, override: Override) -> bool:
        """Whether it sets an existing value, rather than choosing a file or adding and deleting keys."""
        return override.key_or_group not in self.groups and override.package is None and override.type.name == "CHANGE"

    def _parse(self, text: str) -> Override:
        return self._parser.parse_override(text)

    def _compose(self, structural: tuple[str, ...]) -> tuple[DictConfig, dict[str, str | None]]:
        cfg = self.loader.load_sweep_config(self.master, list(structural))
        choices = dict(cfg.hydra.runtime.choices)
        with open_dict(cfg):
            cfg.pop("hydra"), cfg.pop("study", None)
        return cfg, choices


def _values(override: Override) -> list[str]:
    """The values of one override, as they are written."""
    if not override.is_sweep_override():
        return [override.get_value_element_as_str()]
    require(override.is_discrete_sweep(), override.get_key_element(), override.input_line,
            "write the values of a sweep out, as 1,2,3")
    return list(map(str, override.sweep_string_iterator()))
