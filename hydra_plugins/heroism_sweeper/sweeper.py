"""The plugin that Hydra finds; what it does is in ``experiments.sweep``, which is imported when a sweep begins."""

from __future__ import annotations

from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


class HeroismSweeper(Sweeper):
    """Cartesian products from the command line, or the grids and the searches of a study, through any launcher."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Take what Hydra knows of this command line."""
        from experiments.sweep import Sweep

        self.hydra_context, self.config, self.launcher = hydra_context, config, None
        self.ours = Sweep(hydra_context, task_function, config)

    def sweep(self, arguments: list[str]) -> Any:
        """Run the overrides of the command line."""
        self.ours.run(arguments)


ConfigStore.instance().store(group="hydra/sweeper", name="heroism", provider="heroism",
                             node={"_target_": "hydra_plugins.heroism_sweeper.sweeper.HeroismSweeper"})
