"""The exact law of any linear sampler on a Gaussian target, from nothing but running it.

A sampler that is linear in state, model output and noise is an affine map of its start and of its draws. One run
without noise gives the constant, one from a moved start the gain, and one with each draw set to one what that draw
does; all of them are rows of one batch. It asks for no description of the sampler, so it measures other people's code,
and it referees the covariances that are propagated from descriptions. T runs of T steps: T up to a few thousand.
"""

from __future__ import annotations

import numpy as np

from heroism.errors import require
from heroism.flow import Flow
from heroism.measures.stochastic.gaussian import Spectrum, spectrum, start_spectrum
from heroism.noise import Array, NoiseSchedule
from heroism.samplers.base import Sampler
from heroism.starts import Start
from heroism.targets.base import Target
from heroism.targets.gaussian_mixture import GaussianMixture

LINEAR = 1e-6  # what a doubled move of the start may deviate from twice the single one, relative
CONSTANT, MOVED, TWICE, FIRST = range(4)  # rows: without noise, moved starts, and from here on one for every draw


def probed_output(sampler: Sampler, target: Target, schedule: NoiseSchedule, start: Start = "exact") -> Spectrum:
    """The law of the sampler's output on a Gaussian target, deterministic or stochastic, whatever it is made of.

    Raises
    ------
    InputError : another target, an unknown start, or a sampler that is not affine in its start.
    """
    law = spectrum(target)
    first = start_spectrum(law, schedule, start)
    mean, deviation = first.mean, np.sqrt(first.variance)
    axes = _axes(law)
    rows = np.tile(mean, (FIRST + _draws(sampler, axes, schedule), 1))
    rows[MOVED] += deviation
    rows[TWICE] += 2.0 * deviation
    drawn = FIRST - 1

    def draw(x: Array, size: float) -> Array:
        nonlocal drawn
        drawn += 1
        moved = x.copy()
        moved[drawn] += size
        return moved

    end = sampler.transport(Flow(axes.score, diffusion=draw), rows[None], schedule)[0]
    moves = end - end[CONSTANT]
    curved = np.abs(moves[TWICE] - 2.0 * moves[MOVED])
    require(bool(np.all(curved <= LINEAR * (np.abs(moves[MOVED]) + np.sqrt(schedule.end.tau)))), "sampler",
            type(sampler).__name__, "is not linear, so its output on a Gaussian target is not Gaussian")
    variance = moves[MOVED] ** 2 + np.sum(moves[FIRST:] ** 2, axis=0)
    return Spectrum(end[CONSTANT], variance, law.multiplicity)


def _axes(law: Spectrum) -> GaussianMixture:
    """The target in its eigenbasis, one coordinate for all equal axes."""
    covariances = law.variance[None] if len(law.variance) > 1 else law.variance
    return GaussianMixture(law.mean[None], covariances)


def _draws(sampler: Sampler, axes: Target, schedule: NoiseSchedule) -> int:
    """How many times the sampler draws noise."""
    count = 0

    def draw(x: Array, size: float) -> Array:
        nonlocal count
        count += 1
        return x

    if sampler.stochastic:
        sampler.transport(Flow(axes.score, diffusion=draw), np.zeros((1, 1, axes.dim)), schedule)
    return count
