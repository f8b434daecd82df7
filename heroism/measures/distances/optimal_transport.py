"""Wasserstein distances between samples, by POT. They are distances, not their squares.

Every function takes the points x (n, d) to be judged, exact points y (m, d) and, optionally, ``fresh``: exact points
that y does not contain. The floor is the same distance between ``fresh`` and y; without ``fresh``, between two halves
of y, which overstates it. The standard error is that of the squared distance, from the variance of the dual potentials
(del Barrio and Loubes, 1705.01299), divided by twice the distance; it does not contain the bias, which the floor
shows; a single point has none.
"""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from heroism.errors import InputError, require, whole_number
from heroism.measures.base import Need, Single
from heroism.measures.distances.clouds import check_size, checked, draw
from heroism.measures.estimate import Estimate
from heroism.measures.run import Run, engines
from heroism.noise import Array
from heroism.samplers.base import Sampler
from heroism.targets.base import Target

LARGEST_PLAN = 5000  # points on either side: the plan of 5000 x 5000 takes 6 s and 0.6 GB
LARGEST_SORT = 2**26  # numbers to sort, points times directions
PIVOTS = 10_000_000
SWEEPS = 5000
MISPLACED = 1e-4  # most mass of a plan that may be where it should not; potentials correct for it to first order


@dataclass(frozen=True)
class _Transport(Single):
    """A distance between at most ``points`` particles, lifted to R^d, and as many exact points; a third cloud of as
    many exact points gives the floor. Infinite for an ensemble with particles that diverged.
    """

    needs: ClassVar[Need] = "samples"
    name: ClassVar[str]
    points: int = 1000

    @property
    def columns(self) -> list[int] | None:
        """Coordinates of R^d that are compared; None for all."""
        return None

    def check(self, target: Target, sampler: Sampler, particles: int) -> None:
        super().check(target, sampler, particles)
        check_size(self.name, target, min(whole_number("points", self.points, 2), particles), self.columns)

    def estimate(self, run: Run) -> Estimate:
        x, y, fresh = draw(run.ensemble, run.seed, self.points, self.columns)
        if run.ensemble.diverged > 0:
            return Estimate(float("inf"), 0.0, self.between(fresh, y, fresh).floor, len(y))
        return self.between(x, y, fresh)

    @abstractmethod
    def between(self, x: Array, y: Array, fresh: Array) -> Estimate:
        """The distance between x and exact points y, with the floor from ``fresh``."""


class Wasserstein(_Transport):
    """W2 in R^d. Of a stochastic sampler whose output law is known it is that of the laws, with a standard error of
    zero; otherwise that of an optimal plan between samples.
    """

    name = "wasserstein"

    def check(self, target: Target, sampler: Sampler, particles: int) -> None:
        if not self._of_laws(sampler, target):
            super().check(target, sampler, particles)
            check_plan(min(self.points, particles))

    def estimate(self, run: Run) -> Estimate:
        return run.law.wasserstein() if self._of_laws(run.sampler, run.target) else super().estimate(run)

    def _of_laws(self, sampler: Sampler, target: Target) -> bool:
        return sampler.stochastic and bool(engines().knows_output_law(sampler, target))

    def between(self, x: Array, y: Array, fresh: Array) -> Estimate:
        return wasserstein(x, y, fresh)


@dataclass(frozen=True)
class Sinkhorn(_Transport):
    """Root of the Sinkhorn divergence in R^d."""

    name = "sinkhorn"
    points: int = 500
    regularisation: float = 0.1

    def check(self, target: Target, sampler: Sampler, particles: int) -> None:
        super().check(target, sampler, particles)
        check_plan(min(self.points, particles))
        _check_regularisation(self.regularisation)

    def between(self, x: Array, y: Array, fresh: Array) -> Estimate:
        return sinkhorn(x, y, self.regularisation, fresh)


@dataclass(frozen=True)
class SlicedWasserstein(_Transport):
    """Sliced W2 in R^d over random ``directions``, the same for every ensemble."""

    name = "sliced_wasserstein"
    points: int = 10_000
    directions: int = 128

    def check(self, target: Target, sampler: Sampler, particles: int) -> None:
        super().check(target, sampler, particles)
        whole_number("directions", self.directions, 2)

    def between(self, x: Array, y: Array, fresh: Array) -> Estimate:
        return sliced_wasserstein(x, y, self.directions, 0, fresh)


@dataclass(frozen=True)
class Wasserstein1d(_Transport):
    """W2 of the marginal in one ``coordinate`` of R^d."""

    name = "wasserstein_1d"
    points: int = LARGEST_SORT
    coordinate: int = 0

    @property
    def columns(self) -> list[int]:
        return [self.coordinate]

    def between(self, x: Array, y: Array, fresh: Array) -> Estimate:
        return wasserstein_1d(x, y, fresh)


class Squared(NamedTuple):
    """A squared distance, its dual potentials at the points of x and y, whose means carry the sampling error, and any
    further variance of the value.
    """

    value: float
    u: Array
    v: Array
    variance: float = 0.0


def check_plan(points: int) -> None:
    """InputError for more points than a transport plan can have."""
    require(points <= LARGEST_PLAN, "points", points, f"a transport plan joins at most {LARGEST_PLAN} points with as "
            "many: take fewer, or sliced_wasserstein")


def wasserstein(x: ArrayLike, y: ArrayLike, fresh: ArrayLike | None = None) -> Estimate:
    """Exact W2 between two samples, by network simplex; at most 5000 points each.

    Raises InputError for points that are not finite, too many, or of different dimensions.
    """
    return _estimate(_exact, x, y, fresh, check_plan)


def wasserstein_1d(x: ArrayLike, y: ArrayLike, fresh: ArrayLike | None = None) -> Estimate:
    """W2 between two samples on the line, (n,) or (n, 1), by sorting."""
    require(checked("y", y).shape[1] == 1, "y", f"points in R^{checked('y', y).shape[1]}",
            "give one coordinate, or take sliced_wasserstein")
    return _estimate(_sorted, x, y, fresh)


def sliced_wasserstein(x: ArrayLike, y: ArrayLike, directions: int = 128,
                       seed: int | np.random.SeedSequence = 0, fresh: ArrayLike | None = None) -> Estimate:
    """Root mean square, over random directions, of W2 between the projections on them.

    The standard error contains that of the mean over directions. Raises InputError as :func:`wasserstein`.
    """
    count = whole_number("directions", directions, 2)
    d = checked("y", y).shape[1]
    basis = np.random.default_rng(seed).standard_normal((d, count))
    basis /= np.linalg.norm(basis, axis=0)

    def sliced(a: Array, b: Array) -> Squared:
        require(max(len(a), len(b)) * count <= LARGEST_SORT, "directions", count,
                f"times {max(len(a), len(b))} points are too many numbers to sort; take fewer")
        return _sorted(a @ basis, b @ basis)

    return _estimate(sliced, x, y, fresh)


def sinkhorn(x: ArrayLike, y: ArrayLike, regularisation: float = 0.1, fresh: ArrayLike | None = None) -> Estimate:
    """Root of the Sinkhorn divergence ``OT_e(x, y) - OT_e(x, x) / 2 - OT_e(y, y) / 2`` (1810.08278), zero for x = y.

    ``regularisation`` is e in units of the mean squared distance between a point of x and one of y; W2 is approached as
    it vanishes. At most 5000 points each. Raises InputError as :func:`wasserstein`, and when it does not converge.
    (POT's ``empirical_sinkhorn_divergence`` leaves the entropies of the plans out and has no potentials.)
    """
    _check_regularisation(regularisation)

    def divergence(a: Array, b: Array) -> Squared:
        import ot

        costs = ot.dist(a, b)
        strength = regularisation * float(np.mean(costs))
        if strength == 0.0:
            return Squared(0.0, np.zeros(len(a)), np.zeros(len(b)))
        between, found = _entropic(costs, strength)
        (of_a, found_a), (of_b, found_b) = _symmetric(ot.dist(a, a), strength), _symmetric(ot.dist(b, b), strength)
        if not (found and found_a and found_b):
            raise InputError("regularisation", regularisation, f"no convergence in {SWEEPS} sweeps; take a larger one")
        u, v = between.u - of_a, between.v - of_b
        return Squared(float(np.mean(u) + np.mean(v)), u, v)

    return _estimate(divergence, x, y, fresh, check_plan)


def _check_regularisation(strength: float) -> None:
    require(bool(np.isfinite(strength)) and strength > 0, "regularisation", strength, "give a positive number")


def _estimate(squared: Callable[[Array, Array], Squared], x: ArrayLike, y: ArrayLike, fresh: ArrayLike | None,
              check: Callable[[int], None] | None = None) -> Estimate:
    """Value, standard error and floor from a squared distance."""
    b = checked("y", y)
    a = checked("x", x, like=b)
    centre = b.mean(axis=0)  # squared distances are formed from norms: keep those small
    a, b = a - centre, b - centre
    if check is not None:
        check(max(len(a), len(b)))
    measured = squared(a, b)
    variance = measured.variance + float(np.var(measured.u) / len(a) + np.var(measured.v) / len(b))
    root = float(np.sqrt(max(measured.value, 0.0)))
    stderr = float(np.sqrt(variance)) / (2.0 * root) if root > 0 else variance**0.25
    if min(len(a), len(b)) < 2:
        stderr = float("inf")
    first, second = (b[::2], b[1::2]) if fresh is None else (checked("fresh", fresh, like=b) - centre, b)
    floor = float(np.sqrt(max(squared(first, second).value, 0.0))) if len(second) else float("inf")
    return Estimate(root, stderr, floor, len(a))


def _exact(a: Array, b: Array) -> Squared:
    import ot  # takes a second: only a run that asks for it pays

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # convergence is checked below
        cost, log = ot.emd2(*_even(a, b), ot.dist(a, b), numItermax=PIVOTS, log=True)
    if log["warning"] is not None:
        raise RuntimeError(f"optimal transport between {len(a)} and {len(b)} points: {log['warning']}")
    return Squared(float(cost), log["u"], log["v"])


def _sorted(a: Array, b: Array) -> Squared:
    """Mean over the columns of a (n, columns) and b (m, columns), which stand for many more."""
    import ot

    each = np.atleast_1d(ot.wasserstein_1d(a, b, p=2))
    variance = float(np.var(each, ddof=1)) / len(each) if len(each) > 1 else 0.0
    return Squared(float(np.mean(each)), _potential(a, b), _potential(b, a), variance)


def _potential(a: Array, b: Array) -> Array:
    """Mean over columns of a potential u at a (n, columns): ``u' = 2 (x - T(x))``, T the monotone map to b."""
    order = np.argsort(a, axis=0)
    x = np.take_along_axis(a, order, axis=0)
    goal = np.sort(b, axis=0)
    if len(a) != len(b):
        goal = np.quantile(goal, (np.arange(len(a)) + 0.5) / len(a), axis=0, method="hazen")
    slope = 2.0 * (x - goal)
    u = np.zeros_like(x)
    u[1:] = np.cumsum(0.5 * (slope[1:] + slope[:-1]) * np.diff(x, axis=0), axis=0)
    back = np.empty_like(u)
    np.put_along_axis(back, order, u, axis=0)
    return back.mean(axis=1)


def _entropic(costs: Array, strength: float) -> tuple[Squared, bool]:
    """Entropic transport and whether it converged."""
    import ot

    weights, allowed = _even(costs, costs.T), MISPLACED / np.sqrt(costs.shape[1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # convergence is told by the result
        _, log = ot.sinkhorn(*weights, costs, strength, numItermax=SWEEPS, stopThr=allowed, log=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        f, g = strength * np.log(log["u"] / weights[0]), strength * np.log(log["v"] / weights[1])
    converged = len(log["err"]) > 0 and log["err"][-1] <= allowed and np.isfinite([*f, *g]).all()
    return Squared(float(np.mean(f) + np.mean(g)), f, g), bool(converged)


def _symmetric(costs: Array, strength: float) -> tuple[Array, bool]:
    """Potential of a cloud with itself, and whether it converged: the two alternating scalings of Sinkhorn's iteration
    are the same here, and their geometric mean converges in tens of sweeps instead of thousands (1810.08278, eq. 26).
    """
    kernel, weight = np.exp(-costs / strength), 1.0 / len(costs)
    u = np.ones(len(costs))
    for _ in range(SWEEPS):
        marginal = u * (kernel @ u)
        if np.sum(np.abs(marginal - weight)) <= MISPLACED:
            return strength * np.log(u / weight), True
        u *= np.sqrt(weight / marginal)
    return u, False


def _even(a: Array, b: Array) -> tuple[Array, Array]:
    """The same weight for every row."""
    return np.full(len(a), 1.0 / len(a)), np.full(len(b), 1.0 / len(b))
