"""What Hydra calls for every job; importable by any worker of any launcher, and cheap for whoever asks for help."""

from __future__ import annotations

from omegaconf import DictConfig, OmegaConf

from experiments.paths import cores, results_folder

OmegaConf.register_new_resolver("results_folder", results_folder, replace=True)
OmegaConf.register_new_resolver("cores", cores, replace=True)


def task(cfg: DictConfig) -> list[str]:
    """Jobs of a sweep, or a single one. Returns what went wrong with those that could not leave their records."""
    from experiments.work import work

    return work(cfg)
