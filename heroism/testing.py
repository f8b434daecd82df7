"""Assertions about samplers, for one's own tests: seconds on a CPU, no particles, no statistics.

The order is read off single paths, whose exact ends are known, on two problems whose leading error does not vanish: an
asymmetric mixture on the line, and a mixture in the plane whose covariances are correlated. (On Gaussians, and wherever
a symmetry cancels the leading term, a method looks better than it is.)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from heroism.errors import nonnegative, positive, require
from heroism.flow import Flow, with_tangents
from heroism.map import Map
from heroism.measures.lemmas.exact_flow import carry
from heroism.noise import Array, NoiseLevel, log_snr_schedule
from heroism.rates import fit_rate
from heroism.samplers.base import Sampler
from heroism.samplers.external.own import OwnSampler
from heroism.samplers.external.recognise import as_sampler
from heroism.samplers.linearity import tangent_error
from heroism.scores import ExactScore
from heroism.targets import GaussianMixture
from heroism.targets.base import Target

LADDER = (4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
TAU_MIN, TAU_MAX = 0.1, 0.9
LAST = 3  # rungs above round-off that the order is read off
ROUND_OFF = 2.0**12  # errors below so many units of the precision say nothing
PATIENCE = 1500  # evaluations of a run
REACH = 0.2  # of the sub-steps of the exact flow, in half-log-SNR: it agrees with SciPy's DOP853 to 5e-15
TOLERANCE = 0.25
ABOVE = 0.5  # where the next term still shows, a method of small leading error looks a little better than it is


@dataclass(frozen=True)
class Problem:
    """A target and starting points (n, dim), with the exact flow from one level to the other."""

    name: str
    make: Callable[[], Target]
    starts: tuple[tuple[float, ...], ...]


PROBLEMS = (
    Problem("an asymmetric mixture on the line",
            lambda: GaussianMixture([[-1.0], [1.5]], [0.6, 1.3], [0.3, 0.7]),
            ((-1.5,), (-0.5,), (0.1,), (0.6,), (2.0,))),
    Problem("a correlated mixture in the plane",
            lambda: GaussianMixture([[-1.0, 0.4], [1.2, 0.1]], [[[0.8, 0.3], [0.3, 0.5]], [[0.6, -0.2], [-0.2, 0.9]]],
                                    [0.4, 0.6]),
            ((-1.5, 0.3), (-0.4, -1.0), (0.2, 0.9), (1.1, -0.3), (1.8, 1.2))),
)


@dataclass(frozen=True)
class Ladder:
    """Largest steps first: numbers of steps, errors of the ends in l2 over all starting points, and the order that the
    last rungs above round-off show (NaN where fewer than two are).
    """

    problem: str
    steps: tuple[int, ...]
    errors: tuple[float, ...]
    order: float

    def __str__(self) -> str:
        rungs = ", ".join(f"{steps}: {error:.2e}" for steps, error in zip(self.steps, self.errors, strict=True))
        return f"{self.order:.2f} on {self.problem} (steps: error {rungs})"


def assert_order(sampler: Any, order: float, tolerance: float = TOLERANCE, at_least: bool = False,
                 **how: Any) -> None:
    """Assert that a sampler is of an order in the step size: no less, and no more.

    Parameters
    ----------
    sampler : anything that :func:`heroism.measure` takes; ``how`` are the words of :func:`heroism.as_sampler`. A
        scheduler of ``diffusers`` runs in double precision, as its single precision would hide all but low orders.
    order : that it should have.
    tolerance : by which the measured order may be lower; half an order higher is another one. at_least : whether that
        will do.

    Raises
    ------
    AssertionError : another order, with all that was measured. InputError : what is no sampler, adds noise, or is not
        linear in its state and in what the model answers.

    >>> def heun(model, x, sigmas, weight=0.5):
    ...     for now, then in zip(sigmas[:-1], sigmas[1:]):
    ...         slope = (x - model(x, now)) / now
    ...         guess = x + (then - now) * slope
    ...         x = x + (then - now) * ((1 - weight) * slope + weight * (guess - model(guess, then)) / then)
    ...     return x
    >>> assert_order(heun, 2)
    >>> assert_order(lambda model, x, sigmas: heun(model, x, sigmas, weight=0.6), 2)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    AssertionError: the order is not 2 but 1.0...
    """
    order, tolerance = positive("order", order), nonnegative("tolerance", tolerance)
    made = as_sampler(sampler, **({"precision": "double"} | how))
    require(not made.stochastic, "sampler", repr(made), "adds noise: the order of its paths is not that of its law")
    wrong = [ladder for ladder in (measured(made, problem) for problem in PROBLEMS)
             if not (ladder.order >= order - tolerance and (at_least or ladder.order < order + ABOVE))]
    if wrong:
        raise AssertionError(f"the order is not {order:g} but " + ", and ".join(map(str, wrong)))


def measured(sampler: Sampler, problem: Problem) -> Ladder:
    """Errors over a ladder of steps, until round-off or patience ends it, and their order."""
    target, starts = problem.make(), np.array(problem.starts)
    _check_tangents(sampler, target, starts)
    goal = exact_ends(problem)
    found: dict[int, float] = {}
    for count in LADDER:
        schedule = log_snr_schedule(count + 1, TAU_MIN, TAU_MAX)
        if found and sampler.evaluations(len(schedule)) > PATIENCE:
            break
        ready = Map(sampler, ExactScore(target), schedule).sampler
        error = float(np.linalg.norm(ready.transport(Flow(target.score), starts[None], schedule)[0] - goal))
        if error <= ROUND_OFF * sampler.resolution:
            break
        if np.isfinite(error):  # else the steps are too large for it
            found[count] = error
    steps, errors = tuple(found), tuple(found.values())
    fit = fit_rate(1.0 / np.array(steps[-LAST:]), errors[-LAST:], saturation=None)
    return Ladder(problem.name, steps, errors, fit.slope)


@cache
def exact_ends(problem: Problem) -> Array:
    """Where the probability flow takes the starting points, to round-off."""
    high, low = NoiseLevel.from_tau(TAU_MAX), NoiseLevel.from_tau(TAU_MIN)
    return carry(problem.make().score, np.array(problem.starts), high, low, REACH)


def _check_tangents(sampler: Sampler, target: Target, starts: Array) -> None:
    """InputError unless positions and tangents pass through alike; somebody's own function sees to that by itself."""
    schedule = log_snr_schedule(LADDER[2] + 1, TAU_MIN, TAU_MAX)
    sampler, bundle = Map(sampler, ExactScore(target), schedule).sampler, with_tangents(target, starts)
    if isinstance(sampler, OwnSampler):
        sampler.transport(Flow(target.score), bundle, schedule)
        return
    miss, round_off = tangent_error(sampler, target.score, bundle, schedule)
    require(not miss > max(round_off, ROUND_OFF * sampler.resolution), "sampler", repr(sampler),
            f"is not linear in its state and in the scores that it evaluates: its tangents miss by {miss:.1g}")
