"""From the command line of a sweep to its jobs, without paying Hydra's price for each of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf, open_dict

from experiments.job import Job
from experiments.study import expand, product
from experiments.template import Template
from heroism.errors import require

WHOLE = re.compile(r"([a-zA-Z_][\w.]*)=(0|[1-9]\d*)", re.ASCII)


class Planner:
    """Composes with Hydra once per choice of groups and sets plain values on that: 0.1 ms per job instead of 50."""

    def __init__(self, loader: ConfigLoader, master: DictConfig):
        self.loader, self.master = loader, master
        self.groups = frozenset(loader.list_groups(""))
        self._parser = OverridesParser.create(config_loader=loader)
        self._template, self._setting = cache(self._template), cache(self._setting)  # type: ignore[method-assign]

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
        given = {part.get_key_element(): _values(part) for part in self._parser.parse_overrides(list(arguments))}
        for name, values in given.items():
            require(bool(values), name, "no values", "give at least one, as 1,2,3 or range(1,4)")
        return given

    def _of_study(self, study: Any, given: Mapping[str, list[str]]) -> list[list[str]]:
        if study.get("optimise") and not study.get("grids"):
            return []
        fixed = [f"{name}={value}" for name in ("study", "smoke") for value in given.get(name, [])]
        axes = {name: values for name, values in given.items() if name not in ("study", "smoke")}
        return [fixed + overrides for overrides in expand(study, axes, self.groups, self.master.smoke)]

    def _job(self, overrides: Sequence[str]) -> Job:
        settings = [(text, self._setting(text)) for text in overrides]
        template = self._template(tuple(text for text, setting in settings if setting is None))
        return template.job(dict(setting for _, setting in settings if setting is not None))

    def _setting(self, text: str) -> tuple[str, Any] | None:
        """(name, value) of an override that sets an existing value; None if it chooses a file, adds or deletes keys."""
        whole = WHOLE.fullmatch(text)
        if whole is not None:  # the axes of big sweeps; Hydra's parser takes a millisecond for each of their values
            return None if whole[1] in self.groups else (whole[1], int(whole[2]))
        override = self._parser.parse_override(text)
        plain = override.key_or_group not in self.groups and override.package is None and override.type.name == "CHANGE"
        return (override.key_or_group, override.value()) if plain else None

    def _template(self, structural: tuple[str, ...]) -> Template:
        """A job holds nothing of its study but the name, and reading a long file takes longer than all the rest."""
        cfg = self.loader.load_sweep_config(self.master, [text for text in structural if not text.startswith("study=")])
        choices = {**cfg.hydra.runtime.choices, "study": self.master.hydra.runtime.choices.get("study")}
        with open_dict(cfg):
            cfg.pop("hydra"), cfg.pop("study", None)
        return Template(cfg, choices)


def _values(override: Override) -> list[str]:
    """The values of one override, as they are written."""
    if not override.is_sweep_override():
        return [override.get_value_element_as_str()]
    require(override.is_discrete_sweep(), override.get_key_element(), override.input_line,
            "write the values of a sweep out, as 1,2,3")
    return list(map(str, override.sweep_string_iterator()))
