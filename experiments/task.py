"""What Hydra calls for every job; importable by any worker of any launcher."""

from __future__ import annotations

import math

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from experiments.execute import Execution, check
from experiments.job import Job
from experiments.paths import results_folder
from experiments.progress import END, Marker
from experiments.record import Record, Store, is_done
from heroism.errors import InputError, require

PARTS = ("value", "stderr", "floor")

OmegaConf.register_new_resolver("results_folder", results_folder, replace=True)


def task(cfg: DictConfig) -> None:
    """One job of a sweep, or the only one: the latter speaks for itself and exits with 1 if it failed."""
    hydra = HydraConfig.get()
    choices = hydra.runtime.choices
    if not OmegaConf.is_missing(hydra.job, "num"):
        return _one_of_many(cfg, Job.from_config(cfg, choices), Marker(hydra.sweep.dir, hydra.job.num))
    try:
        require(choices.get("study") is None, "study", choices.get("study"), "a study is a sweep: add -m in front")
        return _alone(cfg, Job.from_config(cfg, choices))
    except (InputError, OmegaConfBaseException) as mistake:
        raise SystemExit(mistake) from mistake  # unlike other exceptions it passes through Hydra without a word


def _one_of_many(cfg: DictConfig, job: Job, marker: Marker) -> None:
    marker(job.label)
    try:
        if job.epsilon is None:
            Execution(job, Store(cfg.results), cfg.force, marker).run()
        else:  # however many rungs it takes, a search is one record to wait for
            Execution(job, Store(cfg.results), cfg.force).run()
    finally:
        marker(END)


def _alone(cfg: DictConfig, job: Job) -> None:
    check(job)
    store = Store(cfg.results)
    records = Execution(job, store, cfg.force).run()
    print(job.label)
    for record in records:
        print(f"  {_line(record)}  {store.path(record['key'])}")
    if not all(map(is_done, records)):
        raise SystemExit(1)


def _line(record: Record) -> str:
    if not is_done(record):
        return f"T = {record['T']}: failed: {record['reason']}"
    words = [f"T = {record['T']:<6d}"]
    for name, estimate in record["estimates"].items():
        value, stderr, floor = (math.nan if estimate[part] is None else estimate[part] for part in PARTS)
        words.append(f"{name} {value:.4g} +- {stderr:.1g} (floor {floor:.1g})")
    return "  ".join([*words, f"{record['evaluations']} evaluations", f"{record['seconds']:.2f} s"])
