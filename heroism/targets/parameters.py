"""Checks of arrays that a user describes a law by; single numbers are checked in ``heroism.errors``."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from heroism.errors import InputError, require
from heroism.noise import Array


def floats(argument: str, value: ArrayLike, remedy: str) -> Array:
    """``value`` as a non-empty float array of any shape; anything else is an InputError with this remedy."""
    try:
        array = np.array(value, dtype=float)
    except (TypeError, ValueError):
        raise InputError(argument, value, remedy) from None
    require(array.size > 0, argument, "empty", remedy)
    return array


def numbers(argument: str, value: ArrayLike, remedy: str) -> Array:
    """``value`` as a non-empty array of finite floats; InputError with this remedy for text, NaN or infinity."""
    array = floats(argument, value, remedy)
    bad = ~np.isfinite(array)
    if bad.any():
        raise InputError(argument, array[bad][0], f"a value is not finite; {remedy}")
    return array


def column(argument: str, value: ArrayLike, least: float = -np.inf) -> Array:
    """A finite number, (), or one for each of d coordinates, (d,); each above ``least``."""
    array = numbers(argument, value, "give a number or a list of numbers, one per coordinate")
    require(array.ndim <= 1, argument, f"array of shape {array.shape}", "give a number or an array (d,)")
    require(bool(np.all(array > least)), argument, value, f"give numbers above {least:g}")
    return array


def off_centre(points: Array) -> tuple[float, float]:
    """How far the mean of points (m, d) is from the origin, and how far they are from their mean (root mean square)."""
    mean = points.mean(axis=0)
    return float(np.linalg.norm(mean)), float(np.sqrt(np.mean(np.sum((points - mean) ** 2, axis=1))))
