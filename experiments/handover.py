"""From the sweep to its workers: launchers carry jobs that are composed already, as text in place of overrides."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterator, Sequence
from typing import Any

from omegaconf import DictConfig, OmegaConf, open_dict

from experiments.job import Job

CARRIED, PARENT = "carried", "parent"


class Handover:
    """What launchers ask for the config of a job. They only ever call :meth:`load_sweep_config`, here or in a worker.
    """

    def load_sweep_config(self, master_config: DictConfig, sweep_overrides: list[str]) -> DictConfig:
        """The settings of the sweep, and the jobs as :func:`carry` wrote them."""
        config = copy.deepcopy(master_config)
        with open_dict(config):
            config[CARRIED] = sweep_overrides
        return config


def lightened(master: DictConfig) -> DictConfig:
    """The settings of a sweep without its groups: every job brings its own, resolved."""
    folder = master.hydra.sweep.dir  # it may hold the time, which is to be the same for all
    config = copy.deepcopy(master)
    with open_dict(config):
        config.hydra.sweep.dir = folder
        config[PARENT] = os.getpid()
        for name, node in master.items_ex(resolve=False):
            if name != "hydra" and OmegaConf.is_config(node):
                del config[name]
    return config


def carry(jobs: Sequence[tuple[int, Job]]) -> list[str]:
    """Jobs with their numbers, as text."""
    return [json.dumps([number, job.dumps()]) for number, job in jobs]


def carried(config: Any) -> Iterator[tuple[int, Job]]:
    """The jobs that :func:`carry` wrote, in the config of a worker."""
    for text in config[CARRIED]:
        number, job = json.loads(text)
        yield number, Job.loads(job)
