"""Noise levels that somebody has as a table: a list, or a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from heroism.errors import InputError, require, whole_number
from heroism.grids import PURE_NOISE, ZERO, flow_sigmas, from_sigmas
from heroism.noise import Array, NoiseSchedule
from heroism.targets.points_file import read_points

Levels = Sequence[float] | str | Path
COLUMN = "give a list of numbers, or a .csv, .npy or .parquet file of one column"


def table_schedule(steps: int | None = None, sigmas: Levels | None = None, alpha_bar: Levels | None = None,
                   flow: Levels | None = None) -> NoiseSchedule:
    """The levels of a table, in either order, as ``sigmas`` (``sqrt(tau / alpha_bar)``), ``alpha_bar``, or s of
    ``flow`` matching (``x = (1 - s) X_0 + s Z``); numbers, or the name of a file of one column.

    No noise (sigma = 0, alpha_bar = 1, s = 0) may stand at one end: tau = 1e-30 there. Pure noise (sigma infinite,
    alpha_bar = 0, s = 1) may stand at the other: alpha_bar = 1e-10 there, as the data prediction is worked out from the
    score and would lose all its digits. Whatever takes the first step by the data or the noise prediction alone starts
    there (DDIM, DPM-Solver++, UniPC, LMS, exponential Runge-Kutta methods, Heun in the time of flow matching). What
    does not: Heun in sigma (EDM), whose first step averages slopes over all of sigma; what places its own levels evenly
    in log-SNR (dpm_fast); Runge-Kutta methods in log-SNR; Euler's method on the ODE itself. They run, and their total
    variation shows it.

    ``steps`` : if given, T, which is the length of the table.

    Raises
    ------
    InputError : none or two of the three; an unreadable file; numbers out of their range, or two that are the same;
        another T.

    >>> table_schedule(alpha_bar=[0.99, 0.5, 0.0])
    NoiseSchedule(table, T=3, sigma 1e+05 to 0.1005, step 0.5)
    """
    given = {name: levels for name, levels in (("sigmas", sigmas), ("alpha_bar", alpha_bar), ("flow", flow))
             if levels is not None}
    require(len(given) == 1, "schedule", " and ".join(given) or "no table", "give one of sigmas, alpha_bar and flow")
    (name, levels), = given.items()
    numbers = read_levels(levels, f"schedule.{name}")
    require(steps is None or whole_number("T", steps, 2) == len(numbers), "T", steps,
            f"the table has {len(numbers)} levels; leave T out, or give that")
    top = np.inf if name == "sigmas" else 1.0
    wrong = numbers[~((numbers >= 0.0) & (numbers <= top))]
    require(not len(wrong), f"schedule.{name}", wrong[:1].tolist(), f"give numbers from 0 to {top:g}")
    if name == "alpha_bar":
        return _of_alpha_bar(np.sort(numbers)[::-1])
    falling = np.sort(numbers)[::-1]
    return _made(name, lambda: from_sigmas("table", falling if name == "sigmas" else flow_sigmas(falling)))


def read_levels(levels: Levels, name: str = "schedule") -> Array:
    """The numbers of a table (T,), from a list or a file. Raises InputError for what is neither."""
    if isinstance(levels, str | Path):
        column = read_points(levels)
        require(1 in column.shape, name, f"{levels} with {column.shape[1]} columns", COLUMN)
        return column.ravel()
    try:
        numbers = np.array([float(level) for level in levels])
    except (TypeError, ValueError):
        raise InputError(name, levels, COLUMN) from None
    return numbers


def _of_alpha_bar(falling: Array) -> NoiseSchedule:
    kept = np.clip(falling, PURE_NOISE, None)
    return _made("alpha_bar", lambda: NoiseSchedule(kept, np.clip(1.0 - kept, ZERO, None), "table"))


def _made(name: str, make: Callable[[], NoiseSchedule]) -> NoiseSchedule:
    try:
        return make()
    except InputError as error:
        raise InputError(f"schedule.{name}", "two levels are the same" if error.argument == "tau" else error.value,
                         "give at least two numbers, all different") from None
