"""Exact total variation by change of variables, down to round-off."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from heroism.errors import instance, require
from heroism.measures.base import OWN, Measure, Need
from heroism.measures.control import LARGEST_LOG, controlled, known_means
from heroism.measures.estimate import Estimate
from heroism.measures.run import Run, engines
from heroism.noise import Array, NoiseLevel
from heroism.samplers.base import Sampler
from heroism.targets.base import Target
from heroism.transport import Endpoints, Ensemble

LARGEST_GATHER = 2**22  # one-copy log ratios looked up at a time
NEGLIGIBLE_LOSS = 0.01  # share of a total variation: mass lost or counted twice biases by half of itself, at most
COMPARED = 8  # particles at which two targets must have the same density to count as one law


@dataclass(frozen=True)
class TotalVariation(Measure):
    """Exact total variation between output and target: by change of variables for a deterministic sampler, from its law
    for a stochastic one, where that is known.

    From a start law that draws from another than the nominal one, also the two masses that should be one
    (:func:`masses`), as ``start_mass`` and ``target_mass``. Of a law that is described by one of its many parts, also
    ``uncounted``, where paths that are lost to that part do not count 1 but as the densities at their ends say: the
    two bracket what a law with all its parts would show.

    ``controls`` : as in :func:`total_variation`. ``exact`` : of a deterministic sampler from its law too, without
    particles and without a standard error, where that is known (a Gaussian, a product, a rotationally symmetric law).
    """

    controls: bool = False
    exact: bool = False
    needs: ClassVar[Need] = "density"

    def check(self, target: Target, sampler: Sampler, particles: int) -> None:
        if sampler.stochastic or self.exact:
            engines().check_output_law(sampler, target)

    def estimates(self, run: Run) -> dict[str, Estimate]:
        if run.sampler.stochastic or self.exact:
            return {OWN: run.law.total_variation()}
        found = {OWN: total_variation(run.ensemble, run.target, run.seed, self.controls)}
        if run.target.partial:
            found["uncounted"] = total_variation(run.ensemble, run.target, run.seed, self.controls, lost=False)
        return found if run.ensemble.log_weights is None else found | masses(run.ensemble, run.target)


def total_variation(ensemble: Ensemble, target: Target, seed: int | np.random.SeedSequence = 0,
                    controls: bool = False, lost: bool = True) -> Estimate:
    """Joint total variation between the sampler's output and the target at the same noise level.

    ``TV = E_{y~q} (1 - p(y) / q(y))_+`` with both densities known exactly; the relative standard error does not
    depend on how small TV is. A particle that diverged, or that lands where p vanishes, counts 1. Starting points that
    were drawn from another law than the nominal one count as much as their weights w say: ``TV = E w (1 - p/q)_+``.

    Parameters
    ----------
    ensemble : positions in the target's reduced coordinates and the sampler's log density there.
    target : the one whose score the sampler was given; its ``log_density`` at ``ensemble.level`` is compared.
    seed : of the joint draws; only used when the target has independent copies.
    controls : whether to take out the chance that shows in the masses of the target and of the weights, which are
        known (:mod:`heroism.measures.control`); half the standard error or less, where paths neither fold nor diverge.
        Weighted starting points always have it taken out.
    lost : whether paths count 1 that do not end in the part that is followed, of a target that is described by one.

    Returns
    -------
    Estimate : ``floor`` is the total variation that round-off in the log densities amounts to, measured by the echo;
        with independent copies also what the nodes of one copy fail to integrate.

    Raises
    ------
    InputError : the sampler was stochastic, or the ensemble was made for another law.
    """
    check_ensemble(ensemble, target)
    require(not ensemble.stochastic, "distance", "total_variation",
            "a stochastic sampler has no exact density, take distance=histogram")
    ratio = log_ratio(ensemble, target, ensemble.level)
    if lost and target.partial:
        ratio = np.where(target.in_part(ensemble.positions, ensemble.level), ratio, -np.inf)
    if ensemble.weights is not None:
        ratio = _joint(ratio, ensemble.weights, target.copies, np.random.default_rng(seed))
    round_off = own_floor(ensemble, target)
    shares = excess(ratio) if ensemble.log_weights is None else np.exp(ensemble.log_weights) * excess(ratio)
    if controls or ensemble.log_weights is not None:
        covered = ensemble.folded + ensemble.diverged <= NEGLIGIBLE_LOSS * float(np.mean(shares))
        shares = controlled(shares, known_means(ratio, ensemble.log_weights, covered))
    found = Estimate.of_mean(shares, max(round_off, node_floor(ensemble, target)))
    return replace(found, value=min(max(found.value, 0.0), 1.0))  # by chance, weighted contributions add up to others


def masses(ensemble: Ensemble, target: Target) -> dict[str, Estimate]:
    """Two masses that are one, up to their standard errors, from weighted particles.

    ``start_mass``, ``E w``: of the nominal start law, unless the weights are wrong. ``target_mass``, ``E w p/q``: of
    the target, where the sampler takes paths to all of it, one to each place.
    """
    require(ensemble.log_weights is not None, "ensemble", "all particles count the same",
            "only a start law that draws from another one, such as tail, has masses to check")
    log_weights = np.asarray(ensemble.log_weights)
    ratio = log_ratio(ensemble, target, ensemble.level)
    logs = {"start_mass": log_weights, "target_mass": log_weights + np.minimum(ratio, LARGEST_LOG)}
    floor = own_floor(ensemble, target)
    return {name: Estimate.of_mean(np.exp(each), floor) for name, each in logs.items()}


def excess(ratio: Array) -> Array:
    """``(1 - p/q)_+`` from ``log(p/q)``."""
    return np.asarray(-np.expm1(np.minimum(ratio, 0.0)))


def check_ensemble(ensemble: Ensemble, target: Target) -> None:
    """InputError unless one is an ensemble and the other the law that it was made for."""
    instance("ensemble", ensemble, Ensemble, "give what transport(...) returns")
    instance("target", target, Target, "give one of heroism.targets")
    require(_made_for(ensemble, target), "target", type(target).__name__,
            "the ensemble was made for another law: give the target of its score")


def _made_for(ensemble: Ensemble, target: Target) -> bool:
    """Whether the ensemble's target is this one, or describes the same law in the same coordinates."""
    own = ensemble.target
    if own is target:
        return True
    if own.copies != target.copies or not np.array_equal(own.multiplicity, target.multiplicity):
        return False
    some = ensemble.positions[np.isfinite(ensemble.positions).all(axis=1)][:COMPARED]
    return np.allclose(own.log_density(some, ensemble.level), target.log_density(some, ensemble.level), rtol=1e-9)


def log_ratio(ends: Ensemble | Endpoints, target: Target, level: NoiseLevel) -> Array:
    """(n,) ``log p(y) / q(y)`` at the end of each path; minus infinity for a path that diverged."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        ratio = target.log_density(ends.positions, level) - ends.log_density
    return np.where(np.isnan(ratio), -np.inf, ratio)


def round_off_floor(first: Endpoints, echo: Endpoints, target: Target, level: NoiseLevel,
                    weights: Array | None = None) -> float:
    """Total variation between two laws whose log densities differ by nothing but round-off; at most 1.

    The echo's particles took the same paths as the first ones with other rounding errors; the log ratio of the two runs
    differs by round-off. Noise of standard deviation s in a log ratio adds ``s / sqrt(2 pi)`` to an estimate that
    should be zero; each of the two runs carries its own, so the difference has twice the variance. Copies add
    independently. ``weights`` (n,) are those of the particles, if they do not all count the same.
    """
    with np.errstate(invalid="ignore"):
        difference = log_ratio(first, target, level) - log_ratio(echo, target, level)
    sound = np.isfinite(difference)
    count = sound * (1.0 if weights is None else weights)
    square = np.where(sound, difference, 0.0) ** 2
    noise = np.sqrt(0.5 * (count @ square) / count.sum()) if count.sum() > 0 else 0.0
    floor = np.sqrt(target.copies) * max(noise, np.finfo(float).eps) / np.sqrt(2.0 * np.pi)
    return min(1.0, float(floor))


def own_floor(ensemble: Ensemble, target: Target) -> float:
    """:func:`round_off_floor` of the paths that were run twice, each counted as its starting point is."""
    echoed, weights = ensemble.echoed, ensemble.weights
    if ensemble.log_weights is not None:
        weights = np.exp(ensemble.log_weights)
    first = Endpoints(ensemble.positions[echoed], ensemble.log_density[echoed])
    return round_off_floor(first, ensemble.echo, target, ensemble.level, None if weights is None else weights[echoed])


def node_floor(ensemble: Ensemble, target: Target) -> float:
    """What the nodes of one copy fail to integrate, zero for random particles.

    Both densities have mass one, so the weighted mean of ``p/q - 1`` over the nodes is their error; d copies multiply
    it, and half of it shows in a total variation.
    """
    if ensemble.weights is None:
        return 0.0
    defect = ensemble.weights @ np.expm1(np.minimum(log_ratio(ensemble, target, ensemble.level), LARGEST_LOG))
    return min(1.0, 0.5 * target.copies * abs(float(defect)))


def _joint(ratio: Array, weights: Array, copies: int, rng: np.random.Generator) -> Array:
    """Log ratios of n joint particles: sums of ``copies`` independent draws from the n weighted one-copy log ratios.

    For many copies the draws are counted, node by node, instead of looked up.
    """
    n = len(ratio)
    ratio = np.maximum(ratio, -np.finfo(float).max / copies)  # lost mass: a finite number, so that none of it adds zero
    if copies > n // 2:
        return np.array([rng.multinomial(copies, weights) @ ratio for _ in range(n)])
    joint, cumulative = np.empty(n), np.cumsum(weights)
    step = max(1, LARGEST_GATHER // copies)
    for first in range(0, n, step):
        size = min(step, n - first)
        place = np.searchsorted(cumulative, rng.random((size, copies)) * cumulative[-1])
        joint[first : first + size] = ratio[place].sum(axis=1)
    return joint
