"""The stated round-off floor is the round-off there is: log-density ratios of whole runs, again with 60 digits."""

import mpmath as mp
import numpy as np
import pytest

from heroism.map import Map
from heroism.measures.distances.total_variation import own_floor
from heroism.noise import log_snr_schedule, paper_schedule
from heroism.samplers import Ddim
from heroism.scores import ExactScore
from heroism.targets import GaussianMixture, Hypercube, ProductMixture
from heroism.transport import populate

DIGITS, POINTS = 60, 40
ULPS = 64  # of log densities at the ends of a schedule, in units of their size or 1
APART = 8.0  # factor between the floor, of 64 or fewer echoes, and the round-off: rms values of about as many numbers
MEANS, VARIANCES, WEIGHTS = [-1.0, 0.25, 2.0], [0.05, 0.3, 0.01], [0.5, 0.3, 0.2]
HALF_WIDTH = 1.5
SCHEDULES = {"log_snr": log_snr_schedule(12, 1e-6, 1.0 - 1e-6), "paper": paper_schedule(48)}


def mixture(x, level):
    """log p, score and its derivative of the mixture on a line, at a noise level."""
    root, parts = mp.sqrt(level[0]), []
    for weight, mean, variance in zip(WEIGHTS, MEANS, VARIANCES, strict=True):
        v = level[0] * mp.mpf(variance) + level[1]
        u = x - root * mp.mpf(mean)
        parts.append((mp.mpf(weight) * mp.exp(-u * u / (2 * v)) / mp.sqrt(2 * mp.pi * v), -u / v, -1 / v))
    p = sum(part[0] for part in parts) / sum(map(mp.mpf, WEIGHTS))
    total = sum(part[0] for part in parts)
    score = sum(part[0] * part[1] for part in parts) / total
    bend = sum(part[0] * (part[1] ** 2 + part[2]) for part in parts) / total
    return mp.log(p), score, bend - score**2


def interval(x, level):
    """The same of the uniform law on an interval."""
    half, deviation = mp.mpf(HALF_WIDTH) * mp.sqrt(level[0]), mp.sqrt(level[1])
    sign, x = (-1, -x) if x > 0 else (1, x)  # in the lower tail nothing cancels
    u, v = (x + half) / deviation, (x - half) / deviation
    mass = mp.ncdf(u) - mp.ncdf(v)
    slope = (mp.npdf(u) - mp.npdf(v)) / deviation / mass
    bend = (-u * mp.npdf(u) + v * mp.npdf(v)) / level[1] / mass
    return mp.log(mass / (2 * half)), sign * slope, bend - slope**2


CASES = {"mixture": (GaussianMixture([[m] for m in MEANS], VARIANCES, WEIGHTS), mixture),
         "product": (ProductMixture(MEANS, VARIANCES, WEIGHTS, dim=64), mixture),
         "cube": (Hypercube(16, HALF_WIDTH), interval)}
every_case = pytest.mark.parametrize("case", CASES)
every_schedule = pytest.mark.parametrize("schedule", SCHEDULES)


def exact(level):
    return mp.mpf(level.alpha_bar), mp.mpf(level.tau)


def ddim(z, schedule, law):
    """(end, log |dy/dz|) of DDIM from z, with all digits."""
    x, volume = mp.mpf(float(z)), mp.mpf(0)
    for start, end in schedule.transitions():
        (a, t), (b, u) = exact(start), exact(end)
        _, score, slope = law(x, (a, t))
        keep = mp.sqrt(b / a)
        push = keep * t - mp.sqrt(u * t)
        x, volume = keep * x + push * score, volume + mp.log(abs(keep + push * slope))
    return x, volume


@every_case
@every_schedule
def test_log_densities_at_both_ends(case, schedule):
    (target, law), levels = CASES[case], SCHEDULES[schedule]
    for level in (levels.start, levels.end):
        points = target.sample(POINTS, level, np.random.default_rng(1))[:, :1]
        found = target.log_density(points, level)
        with mp.workdps(DIGITS):
            missed = [float(abs(mp.mpf(float(ours)) - law(mp.mpf(float(x)), exact(level))[0]))
                      for ours, x in zip(found, points[:, 0], strict=True)]
        conditioned = 1.0 + np.abs(found) + np.abs(points[:, 0]) / np.sqrt(level.tau)
        assert np.all(np.array(missed) <= ULPS * np.finfo(float).eps * conditioned)


@every_case
@every_schedule
def test_the_floor_is_the_round_off_of_a_run(case, schedule):
    (target, law), levels = CASES[case], SCHEDULES[schedule]
    run = Map(Ddim(), ExactScore(target), levels)
    starts = run.law.nodes(POINTS) if target.copies > 1 else run.law.draw(POINTS, np.random.default_rng(2))
    images = run(starts.positions)
    ours = target.log_density(images.positions, levels.end) - (starts.log_density - images.log_volume)
    with mp.workdps(DIGITS):
        missed = []
        for z, ratio in zip(starts.positions[:, 0], ours, strict=True):
            y, volume = ddim(z, levels, law)
            log_q = law(mp.mpf(float(z)), exact(levels.start))[0] - volume
            missed.append(float(mp.mpf(float(ratio)) - (law(y, exact(levels.end))[0] - log_q)))
    square = np.average(np.array(missed) ** 2, weights=starts.weights)
    round_off = np.sqrt(target.copies * square / (2.0 * np.pi))
    stated = own_floor(populate(run, 400, 3), target)
    assert stated / APART <= round_off <= APART * stated
