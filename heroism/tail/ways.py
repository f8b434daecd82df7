"""The way up: ends carried along the probability-flow ODE from the smallest noise level to the largest."""

from __future__ import annotations

import numpy as np

from heroism.map import Map
from heroism.noise import Array, NoiseSchedule, substeps
from heroism.scores import ExactScore
from heroism.starts import Upward
from heroism.targets.base import Target

SCOUT_REACH, CLIMB_REACH = 0.19, 0.09  # steps in half-log-SNR
FEWEST_STEPS = 12  # of a scout, whose log densities are differenced
SCOUT_BYTES = 192 * 1024  # of positions that a scout takes at a time
TRIES = 3
MOST_FOLDED = 1e-3


def scout_levels(schedule: NoiseSchedule) -> NoiseSchedule:
    """The levels between the ends of a schedule at which a scout looks at the target."""
    span = schedule.end.half_log_snr - schedule.start.half_log_snr
    return substeps(schedule.start, schedule.end, min(SCOUT_REACH, span / FEWEST_STEPS))


def scout(target: Target, y: Array, levels: NoiseSchedule) -> Array:
    """(levels, n) log density of the target along rough paths from y (n, dim) up.

    Adams-Bashforth of order 2 on ``dx/dlambda = tau (x + s)``, lambda the half-log-SNR; positions alone, one score
    evaluation a step.
    """
    out = np.empty((len(levels), len(y)))
    lengths = np.diff([level.half_log_snr for level in levels.levels])
    for part in np.array_split(np.arange(len(y)), -(-y.nbytes // SCOUT_BYTES)):
        x, before = y[part], None
        with np.errstate(all="ignore"):  # a rough path may leave the floating-point numbers
            for k, level in enumerate(levels.levels):
                out[k, part] = target.log_density(x, level)
                if k < len(lengths):
                    slope = level.tau * (x + target.score(x[None], level)[0])
                    x = x + lengths[k] * (slope if before is None else 1.5 * slope - 0.5 * before)
                    before = slope
    return out


def climb(target: Target, y: Array, schedule: NoiseSchedule) -> tuple[Array, Array]:
    """Starting points z (n, dim) of paths that end in y (n, dim), and log |det dz/dy| (n,).

    RK4 in half-log-SNR. The pair is exact for the map that these steps make, however far that is from the flow, as long
    as it is one to one; where determinants say that it is not, the steps are halved, for all points alike.

    Raises
    ------
    ArithmeticError : a map that folds even then.
    """
    reach = CLIMB_REACH
    for _ in range(TRIES):
        images = Map(Upward(), ExactScore(target), substeps(schedule.start, schedule.end, reach))(y)
        sound = images.sign > 0
        if sound.all():
            break
        reach /= 2.0
    if np.mean(~sound) > MOST_FOLDED:
        raise ArithmeticError("start=tail cannot follow the flow up from the smallest noise level: a share of "
                              f"{np.mean(~sound):.2g} of the paths folds in steps of {2.0 * reach:.2g} in half-log-SNR")
    return images.positions, np.where(sound, images.log_volume, -np.inf)  # the few that fold have no weight
