"""A scheduler of ``diffusers`` that knows its levels: what it asks for, which level that is, and its units."""

from __future__ import annotations

from typing import Any

import numpy as np

from heroism.errors import InputError
from heroism.grids import flow_sigmas
from heroism.integrals.clocks import FlowClock, LogSnrClock
from heroism.noise import Array, NoiseLevel


class Drive:
    """The timesteps at which a scheduler will ask, and the level that each one stands for.

    Attributes
    ----------
    levels : of its table, by timestep. timesteps : at which it asks.
    enter, leave : factors from our state to its sample where it starts, and back where it ends.
    """

    def __init__(self, scheduler: Any, levels: tuple[NoiseLevel, ...], timesteps: Any, enter: float = 1.0,
                 leave: float = 1.0):
        self.scheduler, self.levels, self.timesteps, self.enter, self.leave = scheduler, levels, timesteps, enter, leave

    def seen(self, sample: Any, timestep: Any, level: NoiseLevel) -> Array:
        """Our state at its sample."""
        return np.asarray(self.scheduler.scale_model_input(sample, timestep).numpy())

    def level_of_step(self) -> NoiseLevel:
        """Of the sigma with which it is going to step."""
        if not hasattr(self.scheduler, "sigmas"):
            raise InputError("asked_at", "sigma", "this scheduler has no sigmas of its own; choose timestep")
        return level_of(self._sigma(self.scheduler.sigmas[self.scheduler.step_index or 0]))

    @property
    def first_sigma(self) -> float:
        """The largest of its table."""
        return self.levels[-1].sigma

    @property
    def last_sigma(self) -> float:
        """Where its last step leads: to the first level of its table, or to zero."""
        if hasattr(self.scheduler, "final_alpha_cumprod"):
            alpha_bar = float(self.scheduler.final_alpha_cumprod)
            return float(np.sqrt((1.0 - alpha_bar) / alpha_bar))
        return self._sigma(self.scheduler.sigmas[-1])

    def level(self, timestep: Any) -> NoiseLevel:
        """Of a whole timestep the table's; between two of them linear in log sigma, as schedulers invert it."""
        at = float(timestep)
        below = min(int(at), len(self.levels) - 2)
        return LogSnrClock().level(self.levels[below], self.levels[below + 1], at - below)

    def _sigma(self, own: Any) -> float:
        """``sqrt(tau / alpha_bar)`` of a sigma in its own units."""
        return float(own)


class FlowDrive(Drive):
    """A scheduler whose sigmas are s of flow matching, ``x = (1 - s) X_0 + s Z``, and its timesteps multiples of s."""

    def __init__(self, scheduler: Any, timesteps: Any, end: NoiseLevel | None = None):
        super().__init__(scheduler, (), timesteps)
        self.enter = 1.0 / FlowClock().scale(self.level(timesteps[0]))
        self.leave = 1.0 if end is None else FlowClock().scale(end)

    def seen(self, sample: Any, timestep: Any, level: NoiseLevel) -> Array:
        return np.asarray(FlowClock().scale(level) * sample.numpy())

    def level(self, timestep: Any) -> NoiseLevel:
        return level_of(self._sigma(float(timestep) / self.scheduler.config.num_train_timesteps))

    @property
    def first_sigma(self) -> float:
        return self.level(self.timesteps[0]).sigma

    def _sigma(self, own: Any) -> float:
        return float(flow_sigmas([float(own)])[0])


def level_of(sigma: float) -> NoiseLevel:
    """The level with ``sqrt(tau / alpha_bar) = sigma``."""
    return NoiseLevel.from_half_log_snr(-float(np.log(sigma)))
