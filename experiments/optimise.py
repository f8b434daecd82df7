"""The search for the hardest instance: optuna proposes targets, sweeps of jobs measure them, the records remain.

The section ``optimise`` of a study file says, for every combination of ``each``, over what is searched:

    x, levels      what is maximised: the exponent of x in the inverse step 1/h where the error is at a level (mean);
                   x is d, a name that only formulas use, such as a radius, or 1/epsilon, which runs over the levels
    each           {override: values}; one search for every combination
    trials, batch, startup, seed   how many; how many are proposed at once (whatever the number of workers); how many
                   are random before the sampler (a tree of Parzen estimators) takes over; its seed
    smoke          what the tiny version has instead
    everywhere     variables and overrides of every family
    families       a list: variables {name: {low, high, log} or list of choices} and overrides, whose texts may hold
                   formulas of the variables and of x, as "[0,{separation * d**power}]"
    trial          the grid of every trial
    again          the grid on which the best instance of each of the best ``families`` is measured again, with another
                   seed: the best of many noisy numbers is too large

Proposals depend on the seed and on measured numbers alone and finished records are never computed again, so that a
search that was interrupted proposes the same once more and goes on.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import optuna

from experiments.execute import check
from experiments.job import Job, fingerprint
from experiments.origin import now, provenance
from experiments.store import Store
from heroism.errors import InputError, require, whole_number
from heroism.formulas import evaluate
from heroism.rates import Crossing, crossing, fit_rate
from heroism.record import Record, SearchRecord

OVER_LEVELS = "1/epsilon"
SETTINGS = ("d", "K", "N")  # names that are settings of a run; another x is known to formulas alone
FEWEST_LEVELS = 3
DIGITS = 3  # of a proposed number, so that records read well and do not hang on the last bits of a machine
NEEDED = ("x", "levels", "each", "trials", "batch", "startup", "seed", "smoke", "families", "trial", "again")
FORMULA = re.compile(r"\{([^{}]*)\}")

Grid = Callable[[Mapping[str, Any]], list[Job]]  # a grid -> its jobs
Compute = Callable[[Sequence[Job]], None]  # what is missing of these jobs


@dataclass
class Instance:
    """A family with values of its variables, and the exponent measured for it (NaN: none, for the reason given)."""

    family: str
    values: Mapping[str, Any]
    overrides: Mapping[str, Any]
    exponent: float = math.nan
    reason: str | None = None
    keys: list[str] = field(default_factory=list)

    @property
    def label(self) -> str:
        return " ".join([self.family, *(f"{name}={value}" for name, value in self.values.items())])


class Search:
    """One search of a study, for one combination of ``each``.

    Parameters
    ----------
    section : ``optimise`` of the study, as :func:`read` returns it. names : one value for every key of ``each``.
    study : its name. grid : the jobs of a grid. store : where records are.
    """

    def __init__(self, section: Mapping[str, Any], names: Mapping[str, Any], study: str | None, grid: Grid,
                 store: Store):
        self.section, self.names, self.study, self.grid, self.store = section, dict(names), study, grid, store
        self.x = str(section["x"])
        self.trials, self.batch, self.startup, self.seed = (
            whole_number(f"optimise.{name}", section[name], least)
            for name, least in (("trials", 1), ("batch", 1), ("startup", 0), ("seed", 0)))
        self.families = whole_number("optimise.again.families", section["again"].get("families", 1), 1)
        self.instances: list[Instance] = []
        self.hardest: list[Instance] = []

    @property
    def count(self) -> int:
        """Jobs there will be."""
        targets = {str(family["target"]) for family in self.section["families"]}
        again = min(self.families, len(targets)) * len(self._places(self.section["again"]))
        return self.trials * len(self._places(self.section["trial"])) + again

    @property
    def keys(self) -> list[str]:
        """Of all records that it went through."""
        return [key for one in (*self.instances, *self.hardest) for key in one.keys]

    def run(self, compute: Compute) -> list[Job]:
        """Search, measure the hardest again, leave the record of the search. Returns the jobs that measured again."""
        sampler = optuna.samplers.TPESampler(seed=self.seed, n_startup_trials=self.startup)
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        study = optuna.create_study(direction="maximize", sampler=sampler)
        while len(self.instances) < self.trials:
            trials = [study.ask() for _ in range(min(self.batch, self.trials - len(self.instances)))]
            batch = [self._propose(trial) for trial in trials]
            self._measure(batch, self.section["trial"], compute)
            for trial, one in zip(trials, batch, strict=True):
                known = math.isfinite(one.exponent)
                study.tell(trial, one.exponent if known else None,
                           optuna.trial.TrialState.COMPLETE if known else optuna.trial.TrialState.FAIL)
            self.instances += batch
        again = {key: value for key, value in self.section["again"].items() if key != "families"}
        self.hardest = [Instance(one.family, one.values, one.overrides) for one in self._best()]
        jobs = self._measure(self.hardest, again, compute)
        self.store.save(self._record(jobs[0].code if jobs else ""))
        return jobs

    def _propose(self, trial: optuna.Trial) -> Instance:
        families = self.section["families"]
        number = trial.suggest_categorical("family", list(range(len(families)))) if len(families) > 1 else 0
        everywhere, family = self.section.get("everywhere") or {}, families[number]
        own = f"{number} {family['target']}"
        values = {name: _suggest(trial, name, spec) for name, spec in (everywhere.get("variables") or {}).items()}
        values |= {name: _suggest(trial, f"{own} {name}", spec)
                   for name, spec in (family.get("variables") or {}).items()}
        overrides = {key: text for part in (everywhere, family) for key, text in part.items() if key != "variables"}
        return Instance(str(family["target"]), values, overrides)

    def _measure(self, instances: Sequence[Instance], grid: Mapping[str, Any], compute: Compute) -> list[Job]:
        """Run the jobs of all instances together and read their exponents from the records."""
        planned: list[list[tuple[float, Job]]] = []
        for one in instances:
            try:
                jobs = list(self._jobs(one, grid))
                for _, job in jobs:
                    check(job)
                planned.append(jobs)
            except InputError as mistake:  # a place where there is no instance; the sampler hears that it failed
                one.reason = str(mistake)
                planned.append([])
        every = [job for jobs in planned for _, job in jobs]
        compute(every)
        for one, jobs in zip(instances, planned, strict=True):
            if jobs:
                self._read(one, jobs)
        return every

    def _places(self, grid: Mapping[str, Any]) -> list[float]:
        """The values of x; one alone, which means nothing, where x runs over the levels."""
        return [math.nan] if self.x == OVER_LEVELS else list(grid[self.x])

    def _jobs(self, one: Instance, grid: Mapping[str, Any]) -> Iterator[tuple[float, Job]]:
        numbers = {key: value for key, value in grid.items() if isinstance(value, int | float)}
        for place in self._places(grid):
            names = {**numbers, **one.values, **self.names, self.x: place}
            filled = {key: _fill(text, names) for key, text in one.overrides.items()}
            settings = {**filled, **self.names, **grid, self.x: place}
            if self.x not in SETTINGS:
                del settings[self.x]
            for job in self.grid(settings):
                yield float(place), job

    def _read(self, one: Instance, jobs: Sequence[tuple[float, Job]]) -> None:
        curves = []
        for place, job in jobs:
            records = [record for _, record in job.known(self.store) if record is not None and record.done]
            one.keys += [record.key for record in records]
            curves.append((place, records))
        levels = [float(level) for level in self.section["levels"]]
        one.exponent = exponent_of_accuracy(curves[0][1], levels) if self.x == OVER_LEVELS else exponent(curves, levels)
        if not math.isfinite(one.exponent):
            one.reason = "the errors do not fall"

    def _best(self) -> list[Instance]:
        """The best instance of each of the best families; those without a number last."""
        ranked = sorted(self.instances, key=lambda one: -one.exponent if math.isfinite(one.exponent) else math.inf)
        first: dict[str, Instance] = {}
        for one in ranked:
            first.setdefault(one.family, one)
        return list(first.values())[:self.families]

    def _record(self, code: str) -> SearchRecord:
        key = fingerprint({"optimise": self.section, "names": self.names, "trials": self.trials,
                           "first": self.instances[0].keys})
        return SearchRecord.made(
            self.store.path(key), kind="search", key=key, status="done", reason=None, study=self.study,
            names=self.names, x=self.x, trials=[_written(one) for one in self.instances],
            again=[_written(one) for one in self.hardest], code=code, **provenance(), finished=now())


def read(section: Any, smoke: bool) -> dict[str, Any]:
    """The section, with its tiny version put in if that is asked for. Raises InputError for what it lacks."""
    missing = [name for name in NEEDED if name not in section]
    require(not missing, "study.optimise", ", ".join(missing) or "complete", "say these too")
    tiny = section["smoke"] if smoke else {}
    merged = {**section, **{key: {**section[key], **value} if isinstance(value, dict) else value
                            for key, value in tiny.items()}}
    families = merged["families"]
    require(bool(families) and all("target" in family for family in families), "study.optimise.families", families,
            "give at least one, each with its target")
    for name in ("trial", "again") if merged["x"] != OVER_LEVELS else ():
        require(isinstance(merged[name].get(merged["x"]), list), f"study.optimise.{name}.{merged['x']}",
                merged[name].get(merged["x"]), "give a list: the exponent is that of this number")
    return merged


def combinations(section: Mapping[str, Any], given: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """The combinations of ``each``, as far as the command line lets them; InputError if it sets what is searched."""
    for name in ("target", str(section["x"])):
        require(name not in given, name, ",".join(given.get(name, ())), "this study searches over it: leave it out")
    each = {key: values if isinstance(values, list) else [values] for key, values in section["each"].items()}
    each = {key: [value for value in values if key not in given or str(value) in given[key]]
            for key, values in each.items()}
    return [dict(zip(each, values, strict=True)) for values in itertools.product(*each.values())]


def exponent(curves: Sequence[tuple[float, Sequence[Record]]], levels: Sequence[float]) -> float:
    """Of x in the inverse step 1/h at the levels, averaged over them; NaN if fewer than two x have any record.

    ``curves`` are pairs of an x and the rungs measured there. A level that a ladder does not bracket counts where the
    ladder ends: what is beyond it is a bound, and leaving it out would hide the hardest instances from the search. A
    bound has no standard error, so that every place weighs the same.
    """
    slopes = []
    for level in levels:
        places = [place for place, records in curves if records]
        fit = fit_rate(places, [_reached(records, level) for _, records in curves if records], saturation=None)
        if fit.reason is None:
            slopes.append(fit.slope)
    return float(np.mean(slopes)) if slopes else math.nan


def exponent_of_accuracy(records: Sequence[Record], levels: Sequence[float]) -> float:
    """Of 1/epsilon in the inverse step, over the levels that a ladder brackets; NaN if there are fewer than three."""
    found = {1.0 / level: at.x for level in levels if records and (at := _crossing(records, level)).reason is None}
    if len(found) < FEWEST_LEVELS:
        return math.nan
    return float(fit_rate(list(found), list(found.values()), saturation=None).slope)


def _reached(records: Sequence[Record], level: float) -> float:
    """The inverse step at which a ladder reaches a level, or where it ends."""
    at = _crossing(records, level)
    return next((end for end in (at.x, at.after, at.by) if math.isfinite(end) and end > 0), math.nan)


def _crossing(records: Sequence[Record], level: float) -> Crossing:
    """The inverse step at which a ladder reaches a level, or why none is known; rungs that decide nothing are left out.
    """
    inverse = [1.0 / record.step if record.step else math.nan for record in records]
    value, stderr, floor = zip(*((one.error.value, one.error.stderr, one.error.floor) for one in records), strict=True)
    doubted = ["decides nothing" if one.spoiled or one.error.heavy else None for one in records]
    return crossing(inverse, value, stderr, level, floor, doubted)


def _suggest(trial: optuna.Trial, name: str, spec: Any) -> Any:
    if isinstance(spec, list):
        return trial.suggest_categorical(name, spec)
    value = trial.suggest_float(name, float(spec["low"]), float(spec["high"]), log=bool(spec.get("log", False)))
    return float(f"{value:.{DIGITS}g}")


def _fill(text: Any, names: Mapping[str, Any]) -> Any:
    """The text with its formulas evaluated."""
    if not isinstance(text, str):
        return text
    return FORMULA.sub(lambda match: f"{evaluate(match[1], names):.10g}", text)


def _written(one: Instance) -> dict[str, Any]:
    fields = asdict(one)
    del fields["overrides"]
    return {**fields, "label": one.label}
