"""Time derivatives of the scaled score along exact trajectories (2506.24042, eq. 64a)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.polynomial import legendre

from heroism.collocation import collocation
from heroism.errors import require, whole_number
from heroism.measures.base import Need
from heroism.measures.estimate import Estimate
from heroism.measures.lemmas.spread import Lemma, grouped, spread_over, squared_norms
from heroism.measures.run import Run
from heroism.noise import Array, NoiseLevel
from heroism.samplers.base import Sampler
from heroism.targets.base import Target

HIGHEST = 4
POINTS = 15  # Gauss-Legendre, the middle one at the level itself
REFINEMENTS = 24  # at most
CONVERGED = 1e-16  # relative change
WIDEST = 0.4  # half-width of the interval, as a share of tau (1 - tau)
HALVINGS = 14
RESOLVED = 1e-6  # of the largest derivative: no narrower interval is tried


@dataclass(frozen=True)
class DerivativeGrowth(Lemma):
    """How fast ``g(tau) = (1-tau)^(-3/2) s_tau(x_tau)`` changes along exact trajectories, in the lemma's own units.

    ``(|g^(k)| / |g|)^(1/k) tau (1 - tau)``, norms root mean squares over particles, largest over the noise levels;
    k = ``order``. Eq. 64a of 2506.24042 says that it grows at most like ``d log T``, for every k.

    An exact trajectory has the law of X_tau at each level, so points are drawn there; the trajectory around such a
    point is the converged collocation solution on an interval around the level, and the derivative at its middle that
    of the interpolating polynomial. Wide intervals do not resolve a fast change, narrow ones amplify round-off: each
    particle takes the width with the smallest estimated error. The floor is the same figure made of these errors.

    Parameters
    ----------
    order : k in 1..4.
    particles, levels : points, and the number of noise levels that are looked at, spread over the schedule.
    largest_tau : noise levels above are left out. Near tau = 1 the law is all but N(0, I), where the factor
        ``(1-tau)^(-3/2)`` alone makes 1.5, 1.94, 2.36, 2.77 (k = 1..4); below 1/2 one sees the target.
    """

    needs: ClassVar[Need] = "law"
    order: int = 1
    particles: int = 256
    levels: int = 16
    largest_tau: float = 1.0

    def check(self, target: Target, sampler: Sampler, particles: int) -> None:
        super().check(target, sampler, particles)
        whole_number("order", self.order, 1)
        require(self.order <= HIGHEST, "order", self.order, f"derivatives up to the order {HIGHEST} are computed")
        require(0.0 < self.largest_tau <= 1.0, "largest_tau", self.largest_tau, "give a noise level in (0, 1]")

    def estimate(self, run: Run) -> Estimate:
        target, rng = run.target, np.random.default_rng(run.seed)
        looked_at = spread_over(run.schedule, self.levels, self.largest_tau)
        found = [derivative(target, target.sample(self.particles, level, rng), level, self.order)
                 for level in looked_at]
        units = np.array([level.tau * level.alpha_bar for level in looked_at])
        size, slope, error = (np.array([squared_norms(getattr(one, name), target) for one in found])
                              for name in ("value", "slope", "error"))

        def growth(squares: Array, chosen: np.ndarray) -> Array:
            ratio = np.mean(squares[:, chosen], axis=1) / np.mean(size[:, chosen], axis=1)
            return np.asarray(units * ratio ** (0.5 / self.order))

        value, stderr = grouped(lambda chosen: float(np.max(growth(slope, chosen))), self.particles)
        everybody = np.arange(self.particles)
        worst = int(np.argmax(growth(slope, everybody)))
        return Estimate(value, stderr, float(growth(error, everybody)[worst]), self.particles)


@dataclass(frozen=True)
class Derivative:
    """``g``, its derivative in tau and an error estimate of that (n, dim), all in units of ``(1-tau)^(-3/2)``."""

    value: Array
    slope: Array
    error: Array


def derivative(target: Target, x: Array, level: NoiseLevel, order: int) -> Derivative:
    """The derivative of that order in tau of ``(1-tau)^(-3/2) s`` along the exact trajectories through x (n, dim)."""
    value = target.score(x[None], level)[0]
    slope, error = np.zeros_like(x), np.full_like(x, np.inf)
    active = np.arange(len(x))
    for halving in range(HALVINGS):
        half_width = WIDEST * 0.5**halving * level.tau * level.alpha_bar
        new, doubt = _on_interval(target, x[active], level, half_width, order)
        better = np.sum(doubt**2, axis=1) < np.sum(error[active] ** 2, axis=1)
        slope[active[better]], error[active[better]] = new[better], doubt[better]
        goal = RESOLVED * np.sqrt(np.mean(np.sum(slope**2, axis=1)))
        active = active[better & (np.sqrt(np.sum(doubt**2, axis=1)) > goal)]  # beyond the best width it only gets worse
        if not len(active):
            break
    return Derivative(value, slope, error)


def _on_interval(target: Target, x: Array, level: NoiseLevel, half_width: float, order: int) -> tuple[Array, Array]:
    """Derivative and its error estimate (n, dim) from the collocation solution through x in the middle."""
    rule, middle = collocation(POINTS, "gauss_legendre"), POINTS // 2
    offsets = half_width * (2.0 * rule.nodes - 1.0)
    offsets[middle] = 0.0
    levels = [NoiseLevel(level.alpha_bar - offset, level.tau + offset) for offset in offsets]
    share = np.array([one.alpha_bar for one in levels]) / level.alpha_bar
    integrals = (half_width / level.alpha_bar) * (rule.matrix[middle] - rule.matrix)  # 1/2 times twice the half-width
    values = np.repeat(target.score(x[None], level), POINTS, axis=0)
    with np.errstate(over="ignore", invalid="ignore"):  # on a wide interval the iteration may diverge
        for _ in range(REFINEMENTS):
            before = values
            at = np.sqrt(share)[:, None, None] * (x + np.tensordot(integrals, before, axes=1))
            values = np.stack([share[j] ** -1.5 * target.score(at[None, j], levels[j])[0] for j in range(POINTS)])
            if np.max(np.abs(values - before)) <= CONVERGED * np.max(np.abs(values)):
                break
        full, short = _weights(order, POINTS) / half_width**order, _weights(order, POINTS - 2) / half_width**order
        slope = np.tensordot(full, values, axes=1)
        doubt = np.abs(slope - np.tensordot(short, values, axes=1))
        doubt += np.abs(np.tensordot(full, values - before, axes=1))
    return slope, np.where(np.isfinite(doubt), doubt, np.inf)


def _weights(order: int, terms: int) -> Array:
    """(POINTS,) weights of values at the nodes, for the derivative at the middle of their Legendre expansion."""
    t = 2.0 * collocation(POINTS, "gauss_legendre").nodes - 1.0
    coefficients = np.linalg.inv(legendre.legvander(t, POINTS - 1))[:terms]
    at_middle = [legendre.legval(0.0, legendre.legder(np.eye(POINTS)[m], order)) for m in range(terms)]
    return np.asarray(at_middle) @ coefficients
