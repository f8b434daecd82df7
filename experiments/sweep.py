"""The sweep: all jobs are checked before the first one starts, finished ones left out, the longest start first.

A Hydra sweeper, so that any launcher (basic, joblib, submitit_local, submitit_slurm, ...) can run its jobs.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from hydra.core.utils import JobStatus
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from experiments.execute import check
from experiments.optimise import Search, combinations, read
from experiments.plan import Planned, Planner
from experiments.progress import Watch
from experiments.record import Store, is_done
from heroism.errors import MissingExtra

NAME = "hydra_plugins.heroism.Sweep"  # Hydra only takes plugins from this namespace; the class itself lives here


@dataclass
class SweepConf:
    _target_: str = NAME


class Sweep(Sweeper):
    """Cartesian products from the command line, or the grids and the searches of a study."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.context, self.master = hydra_context, config
        self.launcher: Launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config)
        self.store = Store(config.results)

    def sweep(self, arguments: list[str]) -> Any:
        planner = Planner(self.context.config_loader, self.master)
        planned = planner.plan(arguments)
        study = self.master.hydra.runtime.choices.get("study")
        pending = planned if self.master.force else [plan for plan in planned if not self._finished(plan, study)]
        checked, left_out = _checked(pending)
        priced = sorted(checked, key=lambda pair: -sum(pair[1]))
        _say(f"{len(planned)} jobs, {len(planned) - len(pending)} of them finished before",
             *(f"{count} jobs are left out: {why}" for why, count in Counter(left_out.values()).items()))
        if priced:
            with Watch(self.master.hydra.sweep.dir, study or "sweep", [prices for _, prices in priced]):
                self._launch([plan for plan, _ in priced])
        planned = [plan for plan in planned if plan.overrides not in left_out]
        self._conclude([*planned, *self._optimise(planner, arguments, study)])

    def _optimise(self, planner: Planner, arguments: Sequence[str], study: str | None) -> list[Planned]:
        """The searches of a study; the jobs that measured again what they found."""
        section = OmegaConf.select(self.master, "study.optimise")
        if section is None:
            return []
        again: list[Planned] = []
        settings = read(OmegaConf.to_container(section, resolve=True), self.master.smoke)
        for names in combinations(settings, planner.given(arguments)):
            search = Search(settings, names, study, partial(planner.grid, arguments=arguments), self.store)
            title = " ".join([f"{study}, search", *(f"{name}={value}" for name, value in names.items())])
            with Watch(self.master.hydra.sweep.dir, title, [[1.0]] * search.count, what="jobs") as watch:
                again += search.run(partial(self._batch, watch, study))
        return again

    def _batch(self, watch: Watch, study: str | None, planned: Sequence[Planned]) -> None:
        """Do the jobs of one batch of a search."""
        pending = planned if self.master.force else [plan for plan in planned if not self._finished(plan, study)]
        watch.claim(len(planned) - len(pending), finished=True)
        if pending:
            self._launch(pending, watch.claim(len(pending)))

    def _finished(self, plan: Planned, study: str | None) -> bool:
        known = [record for _, record in plan.job.known(self.store)]
        for record in known:
            if record is not None and is_done(record):
                self.store.join(record, study)
        return all(is_done(record) for record in known)

    def _launch(self, plans: Sequence[Planned], first: int = 0) -> None:
        """Hand jobs to the launcher, which numbers them from ``first`` on."""
        try:
            returned = self.launcher.launch([list(plan.overrides) for plan in plans], initial_job_idx=first)
        except Exception as error:  # a killed worker takes joblib's whole pool with it; what was recorded stays
            return _say(f"The launcher stopped ({_brief(error)}).")
        for plan, job in zip(plans, returned, strict=True):
            if job.status is JobStatus.FAILED:  # it stopped before it could leave a record
                _say(f"{plan.job.label}: {_brief(job._return_value)}")

    def _conclude(self, planned: Sequence[Planned]) -> None:
        """List what failed, one line per job and reason, count what never ran, and exit with 1 if there is anything."""
        failed: dict[tuple[str, str], list[str]] = {}
        missing = 0
        for plan in planned:
            for what, record in plan.job.known(self.store):
                if record is None:
                    missing += 1
                elif not is_done(record):
                    failed.setdefault((plan.job.label, record["reason"]), []).append(what)
        if failed:
            _say("Failed:", *(f"{label} ({', '.join(what)}): {reason}" for (label, reason), what in failed.items()))
        if missing:
            _say(f"{missing} records are still missing; the same command goes on where it stopped.")
        if failed or missing:
            raise SystemExit(1)


def _checked(plans: Sequence[Planned]) -> tuple[list[tuple[Planned, list[float]]], dict[tuple[str, ...], str]]:
    """Every job with the seconds that its records may take; and, by overrides, which ones lack an extra that is named.
    """
    priced, left_out = [], {}
    for plan in plans:
        try:
            priced.append((plan, check(plan.job)))
        except MissingExtra as missing:
            left_out[plan.overrides] = str(missing)
    return priced, left_out


def register() -> None:
    """Make the sweeper known to Hydra as ``hydra/sweeper=heroism``."""
    Plugins.instance().class_name_to_class[NAME] = Sweep
    ConfigStore.instance().store(group="hydra/sweeper", name="heroism", node=SweepConf, provider="heroism")


def _brief(error: Exception) -> str:
    """Kind and first sentence."""
    return f"{type(error).__name__}: {' '.join(str(error).split()).partition('. ')[0]}"


def _say(*lines: str) -> None:
    print(*lines, sep="\n  ", file=sys.stderr, flush=True)
