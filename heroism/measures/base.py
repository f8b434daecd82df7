"""The contract of a measure: settings, what it needs of a run, and the estimates it makes of one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Literal

from heroism.errors import require
from heroism.measures.estimate import Estimate
from heroism.measures.run import Run
from heroism.samplers.base import Sampler
from heroism.targets.base import Target

OWN = ""  # the estimate that goes by the name of the measure; all others add theirs to it

Need = Literal["samples", "density", "map", "kernel", "steps", "law"]
DETERMINISTIC = {"density": "no exact density", "map": "no map"}


class Measure(ABC):
    """Something that is measured of a run; a frozen dataclass whose fields are its settings.

    Attributes
    ----------
    needs : "samples", the positions of an ensemble; "density", its exact densities too; "map", the sampler's map, along
        paths of the measure's own; "kernel", the transition densities of a stochastic sampler; "steps", single steps of
        the sampler; "law", the target and the schedule alone. Only the first two ever make an ensemble.
    """

    needs: ClassVar[Need]

    def check(self, target: Target, sampler: Sampler, particles: int) -> None:
        """InputError for settings that are wrong, and for what cannot be measured of this target and sampler with so
        many particles; before anything runs.
        """
        require(not sampler.stochastic or self.needs not in DETERMINISTIC, "sampler", type(sampler).__name__,
                f"a stochastic sampler has {DETERMINISTIC.get(self.needs)}, which {type(self).__name__} needs: take "
                "distance=histogram")

    def __call__(self, run: Run) -> dict[str, Estimate]:
        """Check, then measure: estimates by the name that each adds to that of the measure, :data:`OWN` for its own."""
        self.check(run.target, run.sampler, run.particles)
        return self.estimates(run)

    @abstractmethod
    def estimates(self, run: Run) -> dict[str, Estimate]:
        """The estimates of a run that has been checked."""


class Single(Measure):
    """A measure that makes one estimate."""

    def estimates(self, run: Run) -> dict[str, Estimate]:
        return {OWN: self.estimate(run)}

    @abstractmethod
    def estimate(self, run: Run) -> Estimate:
        """Of a run that has been checked."""
