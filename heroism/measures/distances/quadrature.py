"""Total variation of a one-dimensional law by deterministic quadrature: the oracle of the particle estimator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.polynomial.legendre import leggauss, legvander

from heroism.errors import require, whole_number
from heroism.flow import TargetScore
from heroism.map import Map
from heroism.measures.base import Need, Single
from heroism.measures.distances.total_variation import excess, log_ratio, round_off_floor
from heroism.measures.estimate import Estimate
from heroism.measures.run import Run
from heroism.measures.scores import unmetered
from heroism.noise import Array, NoiseSchedule
from heroism.samplers.base import Sampler
from heroism.starts import BoundLaw, Start
from heroism.targets.base import Target
from heroism.transport import ECHOES, Endpoints, nudged

PER_PANEL = 16
PIECES, PER_PIECE = 64, 4  # of a panel in which the integrand has a kink
NEGLIGIBLE = 46.0  # the domain ends where the mass per unit of its coordinate is e^-46 = 1e-20 of the largest
MASS_ERROR = 1e-9
GOAL, ACCEPTED = 1e-6, 1e-4  # errors, relative to the value: what cutting panels aims at, and what is good enough
CHILDREN, ROUNDS = 16, 8  # a panel that is not resolved is cut into 16, at most so often: then it is a sliver
LARGEST = 2**19  # nodes altogether


@dataclass(frozen=True)
class Quadrature(Single):
    """Exact total variation of a one-dimensional law, by quadrature over at first ``nodes`` paths."""

    needs: ClassVar[Need] = "map"
    nodes: int = 1024

    def check(self, target: Target, sampler: Sampler, particles: int) -> None:
        super().check(target, sampler, particles)
        _check(sampler, target, self.nodes)

    def estimate(self, run: Run) -> Estimate:
        return quadrature_total_variation(run.sampler, run.score, run.schedule, run.start, self.nodes)


def _check(sampler: Sampler, target: Target, nodes: int) -> None:
    require(target.dim == 1 and target.copies == 1, "distance", "quadrature",
            f"takes targets of one reduced coordinate, this one has {target.dim * target.copies}; take total_variation")
    require(not sampler.stochastic, "distance", "quadrature", "a stochastic sampler is no map; take histogram")
    whole_number("nodes", nodes, 64)


def quadrature_total_variation(sampler: Sampler, score: TargetScore, schedule: NoiseSchedule, start: Start = "exact",
                               nodes: int = 1024) -> Estimate:
    """``TV = integral of p_start(z) (1 - p_end(f(z)) |f'(z)| / p_start(z))_+ dz``, f the sampler's map.

    Gauss-Legendre panels in t, ``z = centre + scale sinh(t)``, cover the starting law to 1e-20 of its mass, heavy tails
    included. Panels that do not resolve the log ratio (a map is steep where paths part) are cut until the doubt that is
    left is below 1e-6 of the value or below round-off (1e-4 is accepted at the end). In a panel where the log ratio
    changes sign it is interpolated and the panel cut into 64 pieces, so that the kink of the integrand costs next to
    nothing.

    Parameters
    ----------
    sampler, score, schedule, start : as in :func:`heroism.transport.transport`.
    nodes : paths that are followed at first, at least 64; rounded up to whole panels of 16.

    Returns
    -------
    Estimate : ``stderr`` is 0; ``floor`` as for particles, from nodes that are run again with other rounding errors.

    Raises
    ------
    InputError : more than one reduced coordinate, independent copies, a stochastic sampler, or too few nodes to
        integrate the starting law itself to 1e-9.
    RuntimeError : the map is too rough to be resolved.
    """
    _check(sampler, score.target, nodes)
    path = Map(sampler, unmetered(score), schedule, start)
    law = Line.of(path.law)

    def follow(z: Array) -> Endpoints:
        images = path(z.reshape(-1, 1))
        return Endpoints(images.positions, law.log_density(z).ravel() - images.log_volume)

    def ratio(z: Array) -> Array:
        return log_ratio(follow(z), score.target, schedule.end).reshape(z.shape)

    edges = law.domain(-(-nodes // PER_PANEL))
    mass = float(np.sum(Panels(law, edges[:-1], edges[1:]).mass(*leggauss(PER_PANEL))))
    require(abs(mass - 1.0) < MASS_ERROR, "nodes", nodes, f"give more: they find a mass of {mass:.12g} at the start")
    z = law.spread(0.5 * (edges[1:] + edges[:-1]), ECHOES)
    echo = follow(nudged(z, np.random.default_rng(0)))
    floor = round_off_floor(follow(z), echo, score.target, schedule.end)
    value, evaluated = _adaptive(law, edges, ratio, floor)
    return Estimate(value, 0.0, floor, evaluated)


@dataclass(frozen=True)
class Line:
    """What the paths start from, and the coordinate t of its panels: ``z = centre + scale sinh(t)``."""

    law: BoundLaw
    centre: float
    scale: float

    @classmethod
    def of(cls, law: BoundLaw) -> Line:
        """Centre and scale from a small sample."""
        low, middle, high = np.quantile(law.sample(999, np.random.default_rng(0)), [0.25, 0.5, 0.75])
        return cls(law, float(middle), float(high - low))

    def log_density(self, z: Array) -> Array:
        """At z of any shape."""
        return self.law.log_density(z.reshape(-1, 1)).reshape(z.shape)

    def place(self, t: Array) -> Array:
        return self.centre + self.scale * np.sinh(t)

    def log_mass(self, t: Array) -> Array:
        """Log of the mass per unit of t."""
        with np.errstate(divide="ignore", over="ignore", under="ignore"):
            return self.log_density(self.place(t)) + np.log(self.scale * np.cosh(t))

    def domain(self, panels: int) -> Array:
        """Edges (panels + 1,) in t that cover the law; a radius ends at zero."""
        origin = np.arcsinh(-self.centre / self.scale) if self.law.target.multiplicity[0] > 1 else -30.0
        t = np.linspace(-30.0, 30.0, 6002)
        t = t[t > origin]
        with np.errstate(invalid="ignore"):
            log_mass = np.nan_to_num(self.log_mass(t), nan=-np.inf)
        inside = np.flatnonzero(log_mass > np.max(log_mass) - NEGLIGIBLE)
        first = t[inside[0] - 1] if inside[0] > 0 else origin
        return np.linspace(first, t[min(inside[-1] + 1, len(t) - 1)], panels + 1)

    def spread(self, t: Array, count: int) -> Array:
        """``count`` of the places of t (panels,), ascending, spread over the law as its mass is."""
        share = np.cumsum(np.exp(self.log_mass(t)))
        return self.place(t[np.searchsorted(share, (np.arange(count) + 0.5) / count * share[-1])])


@dataclass(frozen=True)
class Panels:
    """Intervals of t, from ``left`` to ``right`` (panels,)."""

    law: Line
    left: Array
    right: Array

    def at(self, points: Array) -> Array:
        """t (panels, k) of points (k,) in [-1, 1]."""
        return self.left[:, None] + 0.5 * (self.right - self.left)[:, None] * (1.0 + points)

    def mass(self, points: Array, weights: Array) -> Array:
        """Masses (panels, k) that the points of a rule on [-1, 1] stand for."""
        return np.exp(self.law.log_mass(self.at(points))) * (0.5 * (self.right - self.left)[:, None] * weights)

    def choose(self, some: Array) -> Panels:
        return Panels(self.law, self.left[some], self.right[some])

    def cut(self) -> Panels:
        """Every panel in CHILDREN equal parts."""
        edges = np.linspace(self.left, self.right, CHILDREN + 1)
        return Panels(self.law, edges[:-1].ravel(), edges[1:].ravel())

    def integrate(self, ratio: Array) -> tuple[Array, Array]:
        """Integral of the excess over each panel, and a bound on its error, from the log ratio at the Gauss points."""
        points, weights = leggauss(PER_PANEL)
        mass = self.mass(points, weights)
        value = np.sum(mass * excess(ratio), axis=1)
        smooth = np.isfinite(ratio).all(axis=1)
        tail = np.where(np.isneginf(ratio).all(axis=1), 0.0, 1.0)
        to_coefficients = np.linalg.inv(legvander(points, PER_PANEL - 1)).T
        tail[smooth] = np.abs(ratio[smooth] @ to_coefficients)[:, -3:].max(axis=1)
        kinked = smooth & (ratio.min(axis=1) < 0) & (ratio.max(axis=1) > 0)
        if kinked.any():
            value[kinked] = self.choose(kinked)._integrate_kink(ratio[kinked] @ to_coefficients)
        counts = ratio.min(axis=1) < 4.0 * tail  # elsewhere the excess is zero, however rough the ratio
        return value, np.where(counts, np.minimum(tail, 1.0), 0.0) * mass.sum(axis=1)

    def _integrate_kink(self, coefficients: Array) -> Array:
        points, weights = leggauss(PER_PIECE)
        fine = ((np.arange(PIECES)[:, None] + 0.5 * (1.0 + points)) * (2.0 / PIECES) - 1.0).ravel()
        ratio = coefficients @ legvander(fine, PER_PANEL - 1).T
        return np.sum(self.mass(fine, np.tile(weights / PIECES, PIECES)) * excess(ratio), axis=1)


def _adaptive(law: Line, edges: Array, ratio: Callable[[Array], Array], noise: float) -> tuple[float, int]:
    """The integral of the excess, and the number of paths it took; ``noise`` is the round-off of a log ratio."""
    panels, total, evaluated = Panels(law, edges[:-1], edges[1:]), 0.0, 0
    for _ in range(ROUNDS):
        t = panels.at(leggauss(PER_PANEL)[0])
        value, doubt = panels.integrate(ratio(law.place(t)))
        evaluated += t.size
        mass = panels.mass(*leggauss(PER_PANEL)).sum(axis=1)
        whole = total + float(value.sum())
        resolved = doubt <= 0.01 * GOAL * whole + 30.0 * noise * mass
        left = float(doubt[~resolved].sum())
        if left <= GOAL * whole:
            return whole, evaluated
        total += float(value[resolved].sum())
        panels = panels.choose(~resolved).cut()
        if evaluated + PER_PANEL * len(panels.left) > LARGEST:
            break
    if left <= ACCEPTED * whole:
        return whole, evaluated
    raise RuntimeError(f"the quadrature does not resolve the sampler's map: of {whole:.3g}, {left:.1e} is in doubt")
