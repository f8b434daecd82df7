"""Samples in R^d for the distances that compare samples: checked, or drawn from an ensemble and its target."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import softmax

from heroism.errors import InputError, require
from heroism.noise import Array
from heroism.targets.base import Target, draw_copies
from heroism.targets.mixtures import Mixture
from heroism.transport import Ensemble

LARGEST_CLOUD = 2**27  # numbers in one cloud (1 GiB)
LARGEST_LIFT = 2**30  # random numbers drawn for one marginal of a target that can only be lifted as a whole
LIFT_AT_ONCE = 2**22


def checked(argument: str, points: ArrayLike, like: Array | None = None) -> Array:
    """``points`` as a (n, d) array of finite numbers; (n,) means d = 1. With ``like``, d must be the same."""
    try:
        cloud = np.asarray(points, dtype=float)
    except (TypeError, ValueError):
        raise InputError(argument, points, "give an array of points (n, d)") from None
    cloud = cloud[:, None] if cloud.ndim == 1 else cloud
    require(cloud.ndim == 2 and cloud.size > 0, argument, f"array of shape {cloud.shape}",
            "give an array of points (n, d)")
    bad = int(np.sum(~np.isfinite(cloud)))
    require(bad == 0, argument, f"{bad} numbers that are not finite", "give finite points")
    require(like is None or cloud.shape[1] == like.shape[1], argument, f"points in R^{cloud.shape[1]}",
            f"must have the {0 if like is None else like.shape[1]} coordinates of the points they are compared with")
    return cloud


def draw(ensemble: Ensemble, seed: int | np.random.SeedSequence, points: int,
         coordinates: Sequence[int] | None = None) -> tuple[Array, Array, Array]:
    """At most ``points`` of the ensemble's particles in R^d, and two exact clouds of as many points at its level.

    With ``coordinates`` only these coordinates of R^d. Particles that diverged are left out of the first cloud, those
    of an importance-sampled start are drawn anew, in proportion to their weights.
    """
    rng, target = np.random.default_rng(seed), ensemble.target
    n, positions = min(points, len(ensemble.positions)), ensemble.positions
    if ensemble.log_weights is not None:
        positions = positions[rng.choice(len(positions), len(positions), p=softmax(ensemble.log_weights))]
    found = np.isfinite(positions).all(axis=1)
    weights = None if ensemble.weights is None else ensemble.weights[found]
    kept = round(n * float(np.mean(found) if weights is None else weights.sum()))
    output = positions[found]
    if target.copies > 1:  # any coordinates are as good as any others
        shape = (n, target.copies if coordinates is None else len(coordinates))
        x = _draw_copies(output, weights, (kept, shape[1]), rng)
        y, fresh = (target.sample(shape[0] * shape[1], ensemble.level, rng).reshape(shape) for _ in range(2))
        return x, y, fresh
    x = _lift(target, output[:kept], coordinates, rng)
    y, fresh = (_lift(target, target.sample_part(n, ensemble.level, rng), coordinates, rng) for _ in range(2))
    return x, y, fresh


def check_size(name: str, target: Target, points: int, coordinates: Sequence[int] | None = None) -> None:
    """InputError for clouds that are too large, or coordinates that R^d does not have."""
    d = target.ambient_dim
    if coordinates is None:
        require(points * d <= LARGEST_CLOUD, name, f"{points} points in d = {d}",
                f"too many numbers: set distance.{name}.points lower, take a smaller d, or total_variation")
        return
    distinct = len(set(coordinates)) == len(coordinates) > 0
    require(distinct and all(isinstance(i, int) and 0 <= i < d for i in coordinates), "coordinates", list(coordinates),
            f"give different whole numbers from 0 to d - 1 = {d - 1}")
    require(_splits(target) or points * d <= LARGEST_LIFT, name, f"{points} points in d = {d}",
            "too many numbers: take fewer particles, a smaller d, or total_variation")


def _splits(target: Target) -> bool:
    """Whether single coordinates can be drawn without the others: those of copies, or those that are not turned."""
    plain = isinstance(target, Mixture) and target.basis is None
    return target.copies > 1 or plain or type(target).lift is Target.lift


def _draw_copies(positions: Array, weights: Array | None, shape: tuple[int, int], rng: np.random.Generator) -> Array:
    return draw_copies(positions, weights, shape, rng) if len(positions) else np.empty((0, shape[1]))


def _lift(target: Target, positions: Array, coordinates: Sequence[int] | None, rng: np.random.Generator) -> Array:
    if coordinates is None:
        return target.lift(positions, rng)
    columns = list(coordinates)
    if len(positions) == 0:
        return np.empty((0, len(columns)))
    if _splits(target):
        return _some_coordinates(target, positions, columns, rng)
    step = max(1, LIFT_AT_ONCE // target.ambient_dim)
    parts = [target.lift(positions[i : i + step], rng)[:, columns] for i in range(0, len(positions), step)]
    return np.concatenate(parts)


def _some_coordinates(target: Target, positions: Array, coordinates: Sequence[int], rng: np.random.Generator) -> Array:
    """Some coordinates of :meth:`Target.lift`: of a random direction the others count by their norm only."""
    out = np.empty((len(positions), len(coordinates)))
    first = np.concatenate([[0], np.cumsum(target.multiplicity)])
    for axis, m in enumerate(target.multiplicity):
        columns = [k for k, i in enumerate(coordinates) if first[axis] <= i < first[axis + 1]]
        if m == 1:
            out[:, columns] = positions[:, axis : axis + 1]
        elif columns:
            direction = rng.standard_normal((len(positions), len(columns)))
            rest = rng.chisquare(m - len(columns), len(positions)) if m > len(columns) else 0.0
            norm = np.sqrt(np.sum(direction**2, axis=1) + rest)
            out[:, columns] = direction * (positions[:, axis] / norm)[:, None]
    return out
