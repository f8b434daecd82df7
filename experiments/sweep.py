"""The sweep: all jobs are checked before the first one starts, finished ones left out, the longest start first.

Any launcher of Hydra (basic, joblib, submitit_local, submitit_slurm, ...) can carry the jobs, which are composed here.
Before they are launched, the plan says which records belong together.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from heapq import heappop, heappush
from pathlib import Path
from typing import Any, cast

from hydra.core.config_loader import ConfigLoader
from hydra.core.plugins import Plugins
from hydra.core.utils import JobStatus
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from experiments.execute import check
from experiments.halt import Halt
from experiments.handover import Handover, carry, lightened
from experiments.job import Job
from experiments.mistakes import brief
from experiments.paths import ROOT, results_folder
from experiments.plan import Planner
from experiments.progress import Marker, Watch
from experiments.store import Store
from experiments.vouch import HYDRAS, vouch
from heroism.errors import MissingExtra, whole_number
from heroism.record import OWN, Plan, read_plan

SETTINGS = ("study", "results", "force", "report", "tasks")  # overrides that leave the jobs of a study as they are
TOGETHER = 1.0  # seconds of work for which a launcher's price of starting a job is paid once
AGAIN = 2  # times that jobs are taken up again after a worker that did them was lost
OVERHEAD = 0.01  # seconds that a record takes beside its mathematics
SHARES = 16  # a sweep is handed over in at least as many shares, however short its jobs are

Share = list[tuple[int, Job]]
Numbered = tuple[int, Job, Sequence[float]]  # with the seconds that each of its records may take


class Sweep:
    """One command line with ``-m``.

    Parameters
    ----------
    context, task, config : what Hydra hands to a sweeper.
    """

    def __init__(self, context: HydraContext, task: TaskFunction, config: DictConfig):
        vouch(OmegaConf.to_container(config.hydra.launcher), "hydra.launcher", trusted=HYDRAS)
        self.tasks = None if config.tasks is None else whole_number("tasks", config.tasks, 1)
        self.master = config
        self.planner = Planner(context.config_loader, config)
        self.launcher: Launcher = Plugins.instance().instantiate_launcher(
            hydra_context=HydraContext(cast(ConfigLoader, Handover()), context.callbacks), task_function=task,
            config=lightened(config))
        self.store = Store(config.results)
        self.study: str | None = config.hydra.runtime.choices.get("study")

    def run(self, arguments: Sequence[str]) -> None:
        """Do what the overrides ask for, and say what failed. Raises SystemExit(1) if something did."""
        jobs = self.planner.plan(arguments)
        pending, there = self._pending(jobs)
        checked, left_out = _checked(pending)
        self.store.probe()
        self.store.clean()
        plan = self._plan(arguments, jobs)
        self.store.save(plan)
        _say(f"{len(jobs)} jobs, {len(jobs) - len(pending)} of them finished before",
             *(f"{count} jobs are left out: {why}" for why, count in Counter(left_out.values()).items()))
        if checked:
            checked = sorted(checked, key=lambda pair: -sum(pair[1]))
            with Watch(self.master.hydra.sweep.dir, plan.study, [prices for _, prices in checked], there=there):
                self._launch(checked)
        again = self._optimise(arguments, plan)
        searched = [job for job in jobs if job.epsilon is not None]
        if searched:
            self._extend(plan, (key for job in searched for key in self._visited(job)))
        try:
            self._conclude([*(job for job, _ in checked), *again])
        finally:
            if self.master.report:
                self._report(plan)

    def _pending(self, jobs: Sequence[Job]) -> tuple[list[Job], int]:
        """The jobs that are not finished, and how many records the finished ones have."""
        pending, there = [], 0
        for job in jobs:
            records = [] if self.master.force else [record for _, record in job.known(self.store)]
            if records and all(record is not None and record.done for record in records):
                there += len(records)
            else:
                pending.append(job)
        return pending, there

    def _plan(self, arguments: Sequence[str], jobs: Iterable[Job]) -> Plan:
        """Which records belong to the study, or to a question of one's own."""
        given = [text for text in arguments if text.partition("=")[0] not in SETTINGS and not text.startswith("hydra")]
        narrowed = self.study is not None and any(not text.startswith("smoke=") for text in given)
        plan = Plan(study=self.study or OWN, overrides=tuple(given), partial=narrowed,
                    keys=tuple(dict.fromkeys(key for job in jobs for key in job.keys)))
        before = read_plan(self.store.folder, plan.study)
        if self.master.smoke and self.study is not None and before is not None and "smoke=true" not in before.overrides:
            return replace(plan, partial=True)  # the tiny version never takes the place of the study itself
        return plan

    def _extend(self, plan: Plan, keys: Iterable[str]) -> None:
        """Records that nobody knew of before belong to the plan too."""
        known = read_plan(self.store.folder, plan.key) or plan
        self.store.save(replace(plan, keys=tuple(dict.fromkeys([*known.keys, *keys]))))

    def _visited(self, job: Job) -> list[str]:
        """The rungs that a search went through."""
        answers = [record for _, record in job.known(self.store) if record is not None]
        return [job.key(T) for answer in answers for T in answer.rungs or ()]

    def _optimise(self, arguments: Sequence[str], plan: Plan) -> list[Job]:
        """The searches of a study; the jobs that measured again what they found."""
        section = OmegaConf.select(self.master, "study.optimise")
        if section is None:
            return []
        from experiments.optimise import Search, combinations, read  # optuna and statistics take a second to import

        again: list[Job] = []
        settings = read(OmegaConf.to_container(section, resolve=True), self.master.smoke)
        for names in combinations(settings, self.planner.given(arguments)):
            search = Search(settings, names, self.study, partial(self.planner.grid, arguments=arguments), self.store)
            title = " ".join([f"{self.study}, search", *(f"{name}={value}" for name, value in names.items())])
            with Watch(self.master.hydra.sweep.dir, title, [[1.0]] * search.count, what="jobs") as watch:
                again += search.run(partial(self._batch, watch))
            self._extend(plan, search.keys)
        return again

    def _batch(self, watch: Watch, jobs: Sequence[Job]) -> None:
        """Do the jobs of one batch of a search."""
        pending, _ = self._pending(jobs)
        watch.claim(len(jobs) - len(pending), finished=True)
        self._launch([(job, [0.0]) for job in pending], watch.claim(len(pending)))

    def _launch(self, priced: Sequence[tuple[Job, Sequence[float]]], first: int = 0) -> None:
        """Hand jobs to the launcher, numbered from ``first`` on; those that a lost worker leaves are handed over again.

        Raises SystemExit(1) if records cannot be kept any more.
        """
        folder = self.master.hydra.sweep.dir
        halt = Halt(folder)
        waiting = [(number, job, prices) for number, (job, prices) in enumerate(priced, first)]
        attempts = AGAIN
        halt.begin()
        try:
            while waiting:
                try:
                    _say(*self._hand_over(shares(waiting) if self.tasks is None else dealt(waiting, self.tasks)))
                    break
                except Exception as error:  # a killed worker takes joblib's whole pool with it; what was recorded stays
                    began = any(Marker(folder, number).lines for number, *_ in waiting)
                    waiting = _left(waiting, folder)
                    if halt.called or not (began and attempts and waiting):
                        _say(f"The launcher stopped ({brief(error)}).")
                        break
                    attempts -= 1
                    _say(f"A worker was lost ({brief(error)}): {len(waiting)} jobs are taken up again.")
        finally:  # the tasks of a cluster outlive an interruption
            over = halt.called
            halt.call()
        if waiting and over:
            raise SystemExit(1)

    def _hand_over(self, handed: Sequence[Share]) -> list[str]:
        """Launch, and return what went wrong with jobs that could not leave their records."""
        complaints: dict[str, None] = {}
        returned = self.launcher.launch([carry(share) for share in handed], initial_job_idx=handed[0][0][0])
        for share, result in zip(handed, returned, strict=True):
            failed = result.status is JobStatus.FAILED  # it stopped before it could leave its records
            said = [f"{share[0][1].label}: {brief(result._return_value)}"] if failed else result.return_value
            complaints |= dict.fromkeys(said or ())
        return list(complaints)

    def _conclude(self, jobs: Sequence[Job]) -> None:
        """List what failed, one line per job and reason, count what never ran, and exit with 1 if there is anything."""
        failed: dict[tuple[str, str | None], list[str]] = {}
        missing = 0
        for job in jobs:
            for what, record in job.known(self.store):
                if record is None:
                    missing += 1
                elif not record.done:
                    failed.setdefault((job.label, record.reason), []).append(what)
        if failed:
            _say("Failed:", *(f"{label} ({', '.join(what)}): {reason}" for (label, reason), what in failed.items()))
        if missing:
            _say(f"{missing} records are still missing; the same command goes on where it stopped.")
        if failed or missing:
            raise SystemExit(1)

    def _report(self, plan: Plan) -> None:
        """A table and a picture of a question of one's own, made by a process of their own; how to get those of a
        study, whose claims may need other studies as well."""
        folder = self.store.folder.parent.resolve()
        if self.study is not None:
            of = "" if folder == Path(results_folder(False)).resolve() else f" --results {folder}"
            return _say(f"Records: {self.store.folder}",
                        f"table, claims, pictures: python -m analysis.report {self.study}{of}",
                        f"everything on one page: python -m analysis.page{of}")
        if not any(record is not None and record.done for record in map(self.store.load, plan.keys)):
            return
        command = [sys.executable, "-m", "analysis.report", OWN, "--results", str(folder)]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if ended.returncode == 0:
            print(ended.stdout, end="", flush=True)
        else:
            why = (ended.stderr or ended.stdout).strip().splitlines()
            _say(f"No report ({why[-1] if why else ended.returncode}).")


def _checked(jobs: Sequence[Job]) -> tuple[list[tuple[Job, list[float]]], dict[Any, str]]:
    """Every job with the seconds that its records may take; and, by identity, which ones lack an extra that is named.
    """
    priced, left_out = [], {}
    for job in jobs:
        try:
            priced.append((job, check(job)))
        except MissingExtra as missing:
            left_out[job.identity] = str(missing)
    return priced, left_out


def shares(waiting: Iterable[Numbered]) -> list[Share]:
    """Jobs that one worker does after each other: short ones together, one whose price is unknown (0) alone."""
    waiting = list(waiting)
    handed: list[Share] = []
    most, spent = max(len(waiting) // SHARES, 1), TOGETHER
    for number, job, prices in waiting:
        price = sum(prices) + OVERHEAD * len(prices) if sum(prices) else TOGETHER
        if spent + price > TOGETHER or len(handed[-1]) >= most:
            handed.append([])
            spent = 0.0
        handed[-1].append((number, job))
        spent += price
    return handed


def dealt(waiting: Sequence[Numbered], tasks: int) -> list[Share]:
    """At most ``tasks`` shares that take about equally long, of jobs that come in order, the longest first."""
    handed: list[Share] = [[] for _ in range(min(tasks, len(waiting)))]
    loads = [(0.0, place) for place in range(len(handed))]
    for number, job, prices in waiting:
        load, place = heappop(loads)
        handed[place].append((number, job))
        heappush(loads, (load + (sum(prices) or TOGETHER) + OVERHEAD * len(prices), place))
    return handed


def _left(waiting: Iterable[Numbered], folder: str) -> list[Numbered]:
    """What did not end when a worker was lost. What had begun comes last and alone: it may be what killed the worker.
    """
    untouched, suspected = [], []
    for number, job, prices in waiting:
        marker = Marker(folder, number)
        if not marker.lines:
            untouched.append((number, job, prices))
        elif not marker.ended:
            marker.forget()
            suspected.append((number, job, ()))
    return untouched + suspected


def _say(*lines: str) -> None:
    if lines:
        print(*lines, sep="\n  ", file=sys.stderr, flush=True)
