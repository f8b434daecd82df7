"""What sample paths start from: the target's own law at the largest noise level, N(0, I), or a law of one's own.

A law is named before anything is known of the run, ``start="exact"``, and bound to a target and a schedule when the run
is made. The law whose output a sampler is judged by is the *nominal* one; a law may draw from another (a proposal) and
then says by ``log_weights`` how much each of its points counts.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from heroism.errors import InputError, require
from heroism.flow import Flow
from heroism.memory import fingerprint, remembered
from heroism.nodes import line_nodes
from heroism.noise import Array, NoiseSchedule
from heroism.samplers import RungeKutta
from heroism.scores import ExactScore
from heroism.targets.base import REACH, Target

SCOUTS = 256  # draws that tell where on a line a law lies


@dataclass(frozen=True)
class Starts:
    """Starting points of n sample paths.

    Attributes
    ----------
    positions : (n, dim) in the target's reduced coordinates, at the largest noise level.
    log_density : (n,) log of the nominal law's density there.
    log_weights : (n,) log of the nominal over the proposal density, or None where both are the same law.
    weights : (n,) shares of the nominal law, sum 1, for nodes that stand for one of several independent copies; None
        for random points.
    """

    positions: Array
    log_density: Array
    log_weights: Array | None = None
    weights: Array | None = None


class BoundLaw(ABC):
    """The start law of one target on one schedule."""

    def __init__(self, target: Target, schedule: NoiseSchedule):
        self.target, self.schedule = target, schedule

    @abstractmethod
    def sample(self, n: int, rng: np.random.Generator) -> Array:
        """(n, dim) draws of the nominal law."""

    @abstractmethod
    def log_density(self, z: Array) -> Array:
        """(n,) log density of the nominal law at z (n, dim)."""

    @abstractmethod
    def reach(self) -> tuple[float, float]:
        """An interval that holds all but a negligible mass of a law on a line, or of one of its independent copies."""

    def nominal(self, n: int, rng: np.random.Generator) -> Starts:
        """n draws of the nominal law, all of which count the same."""
        z = self.sample(n, rng)
        return Starts(z, self.log_density(z))

    def draw(self, n: int, rng: np.random.Generator) -> Starts:
        """n random starting points of a run; a law that draws from another one says so here."""
        return self.nominal(n, rng)

    def nodes(self, n: int) -> Starts:
        """About n weighted starting points of one coordinate, for a target with independent copies."""
        end = self.schedule.end
        z, weights = line_nodes(lambda x: self.log_density(x[:, None]), self.reach(),
                                lambda x: self.target.log_density(x[:, None], end), self.target.reach(end), n)
        return Starts(z[:, None], self.log_density(z[:, None]), weights=weights)


class StartLaw(ABC):
    """A start law that is not yet tied to a target."""

    def check(self, target: Target, stochastic: bool) -> None:  # noqa: B027  most laws suit everything
        """InputError for a target, or a kind of sampler, that the law does not suit; before anything runs."""

    @abstractmethod
    def on(self, target: Target, schedule: NoiseSchedule) -> BoundLaw:
        """This law for a target in its reduced coordinates, at the largest level of the schedule."""


class Exact(StartLaw):
    """An exact sample of p_{X_T}, which isolates the discretisation.

    Of a law that is described by one of its many parts (``Target.partial``), those points of it that the exact flow
    takes to that part: its ends are drawn, and carried up.
    """

    def on(self, target: Target, schedule: NoiseSchedule) -> BoundLaw:
        return (_OfAPart if target.partial else _OfTheTarget)(target, schedule)


class Gaussian(StartLaw):
    """N(0, I) in R^d, as in practice: what is measured is the end-to-end error."""

    def check(self, target: Target, stochastic: bool) -> None:
        require(not target.partial, "start", "gaussian", "next to no path from N(0, I) ends in the one part of the law "
                "that is followed: take exact")

    def on(self, target: Target, schedule: NoiseSchedule) -> BoundLaw:
        self.check(target, stochastic=False)
        return _White(target, schedule)


LAWS: dict[str, type[StartLaw]] = {"exact": Exact, "gaussian": Gaussian}
Start = str | StartLaw  # a name of LAWS, or a law


def start_law(start: Start) -> StartLaw:
    """The law of that name, or the law itself. Raises InputError for anything else."""
    if isinstance(start, StartLaw):
        return start
    if not isinstance(start, str) or start not in LAWS:
        raise InputError("start", start, f"choose {' or '.join(LAWS)}")
    return LAWS[start]()


class _OfTheTarget(BoundLaw):
    def sample(self, n: int, rng: np.random.Generator) -> Array:
        return self.target.sample(n, self.schedule.start, rng)

    def log_density(self, z: Array) -> Array:
        return self.target.log_density(z, self.schedule.start)

    def reach(self) -> tuple[float, float]:
        if self.target.copies > 1:
            return self.target.reach(self.schedule.start)
        draws, width = self.sample(SCOUTS, np.random.default_rng(0))[:, 0], np.sqrt(self.schedule.start.tau)
        margin = 4.0 * width + max(np.ptp(draws), width)
        return float(draws.min() - margin), float(draws.max() + margin)


class Upward(RungeKutta):
    """A Runge-Kutta method from the smallest noise level of a schedule up to the largest."""

    def transport(self, flow: Flow, bundle: Array, schedule: NoiseSchedule) -> Array:
        for level, following in zip(schedule.levels[:-1], schedule.levels[1:], strict=True):
            bundle = self.step(flow, bundle, level, following)
        return bundle


class _OfAPart(_OfTheTarget):
    """Draws are p_{X_T} given the part; the density is p_{X_T}'s own, since only its ratios along a path matter."""

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        seed = rng.integers(2**63, size=4)  # of a stream of its own: what is drawn next does not depend on the cache
        key = (fingerprint(self.target, self.schedule), n, tuple(seed.tolist()))
        return remembered(key, lambda: self._climbed(n, np.random.default_rng(seed)))

    def _climbed(self, n: int, rng: np.random.Generator) -> Array:
        ends = self.target.sample_part(n, self.schedule.end, rng)
        levels = self.target.part_levels(self.schedule)
        return Upward().transport(Flow(ExactScore(self.target)), ends[None], levels)[0]


class _White(BoundLaw):
    def sample(self, n: int, rng: np.random.Generator) -> Array:
        return self.target.sample_gaussian(n, rng)

    def log_density(self, z: Array) -> Array:
        return self.target.log_density_gaussian(z)

    def reach(self) -> tuple[float, float]:
        return -REACH, REACH
