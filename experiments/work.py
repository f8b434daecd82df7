"""The jobs of a sweep in a worker, or a single one."""

from __future__ import annotations

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException
from threadpoolctl import threadpool_limits

from experiments.execute import Execution, check
from experiments.halt import Halt
from experiments.handover import CARRIED, PARENT, carried
from experiments.job import Job
from experiments.mistakes import brief
from experiments.progress import END, Marker
from experiments.signals import follow
from experiments.store import Store, Unsaved
from heroism.errors import InputError, require
from heroism.record import Record


def work(cfg: DictConfig) -> list[str]:
    """Jobs of a sweep, or a single one: the latter speaks for itself and exits with 1 if it failed.

    Returns what went wrong with the jobs that could not leave their records, one line for each.
    """
    with threadpool_limits(1):  # the last bits depend on it
        return _work(cfg)


def _work(cfg: DictConfig) -> list[str]:
    hydra = HydraConfig.get()
    if CARRIED in cfg:
        follow(cfg[PARENT])
        halt = Halt(hydra.sweep.dir)
        done = [_one_of_many(cfg, job, Marker(hydra.sweep.dir, number), halt) for number, job in carried(cfg)]
        return [complaint for complaint in done if complaint is not None]
    choices = hydra.runtime.choices
    try:
        require(choices.get("study") is None, "study", choices.get("study"), "a study is a sweep: add -m in front")
        _alone(cfg, Job.from_config(cfg, choices))
    except (InputError, OmegaConfBaseException) as mistake:
        raise SystemExit(mistake) from mistake  # unlike other exceptions it passes through Hydra without a word
    return []


def _one_of_many(cfg: DictConfig, job: Job, marker: Marker, halt: Halt) -> str | None:
    if halt.called:
        return None
    marker(job.label)
    complaint = None
    try:
        Execution(job, Store(cfg.results), cfg.force, marker).run()
    except Unsaved as loss:
        halt.call()
        return str(loss)
    except Exception as error:  # no user's mistake and no user's code: ours
        complaint = f"{job.label}: {brief(error)}"
    marker(END)
    return complaint


def _alone(cfg: DictConfig, job: Job) -> None:
    store = Store(cfg.results)
    check(job)
    store.probe()
    store.clean()
    records = Execution(job, store, cfg.force).run()
    print(job.label)
    for record in records:
        print(f"  {_line(record)}  {store.path(record.key)}")
    if not all(record.done for record in records):
        raise SystemExit(1)


def _line(record: Record) -> str:
    if not record.done:
        return f"T = {record.T}: failed: {record.reason}"
    words = [f"T = {record.T:<6d}"]
    words += [f"{name} {one.value:.4g} {'heavy tail' if one.heavy else f'+- {one.stderr:.1g}'} (floor {one.floor:.1g})"
              for name, one in record.estimates.items()]
    words += [f"{name} {share:.2g} of the paths" for name in ("folded", "diverged") if (share := getattr(record, name))]
    words += [f"{record.evaluations} evaluations"] if record.evaluations is not None else []
    return "  ".join([*words, f"{record.seconds:.2f} s"])
