"""What the options of a scheduler do to it, seen in a few steps before anything runs.

A point mass comes out as a point mass at the end of the schedule, whatever the steps between, unless the scheduler
steps from, to or over other noise levels than those it asks at; and it asks at every level of the schedule, unless it
leaves some out. So an option that moves levels shows, whichever it is. One that changes the end of no path has no
effect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from heroism.errors import InputError, fraction, instance, require, whole_number
from heroism.flow import Score
from heroism.noise import Array, NoiseLevel, NoiseSchedule

Options = Mapping[str, Any]
Ends = Callable[[Options, Score, Array, int], Array]
STEPS = (8, 10, 18)  # some options only matter in short ladders, some in longer ones, or where numbers divide
BROKEN = (RuntimeError, IndexError, AssertionError, ValueError, TypeError, ArithmeticError)
POINT = 1.0
NEAR = 0.01  # in half-log-SNR: single precision keeps levels better than that


def check_table(group: str, table: Options, timesteps: int) -> None:
    """Raises InputError for numbers of ``group`` that make no table of betas over so many timesteps, unless it says
    how many.
    """
    steps = whole_number(f"{group}.num_train_timesteps", table.get("num_train_timesteps", timesteps), 3)
    for name in ("beta_start", "beta_end"):
        fraction(f"{group}.{name}", table.get(name, 0.0))
    betas, name = table.get("trained_betas"), f"{group}.trained_betas"
    if betas is not None:
        instance(name, betas, list, "give a list of numbers in [0, 1], one for each timestep")
        for beta in betas:
            fraction(name, beta)
        require(len(betas) == steps, name, f"a list of {len(betas)}",
                f"there are {steps} timesteps: give one beta for each, or num_train_timesteps={len(betas)} as well")


def check_effects(options: Options, changed: Options, ends: Ends) -> None:
    """Raises InputError for one of the ``changed`` options without which everything ends where it does with it."""
    starts = np.array([[[0.3], [-1.2]]])

    def bent(bundle: Array, level: NoiseLevel) -> Array:
        return np.asarray(np.tanh(bundle) - bundle)

    def all_ends(tried: Options) -> list[Array] | str:
        """Or why the scheduler fails."""
        try:
            with np.errstate(all="ignore"):
                return [ends(tried, bent, starts, steps) for steps in STEPS]
        except InputError:
            raise
        except BROKEN as error:
            return " ".join(str(error).split()) or type(error).__name__

    whole = all_ends(options) if changed else ""
    for name, value in changed.items():
        without = all_ends(_less(options, name))
        require(not isinstance(whole, str) or isinstance(without, str), f"options.{name}", value,
                f"the scheduler fails with it here: {whole}")
        require(isinstance(whole, str) or isinstance(without, str) or any(
            not np.array_equal(one, other, equal_nan=True) for one, other in zip(whole, without, strict=True)),
            f"options.{name}", value, "has no effect here; leave it out")
    require(not changed or not isinstance(whole, str), "options", dict(changed),
            f"the scheduler fails with them: {whole}")


def check_levels(options: Options, changed: Options, ends: Ends, schedule: Callable[[int], NoiseSchedule],
                 resolution: float) -> None:
    """Raises InputError for an option that moves the levels away from those of a schedule."""
    def moved(tried: Options) -> bool:
        return any(_moves(ends, tried, schedule(steps + 1), resolution) for steps in STEPS)

    if changed and moved(options):
        name = next((name for name in changed if not moved(_less(options, name))), " and ".join(changed))
        raise InputError(f"options.{name}", options.get(name, "as given"),
                         "moves the noise levels, which are those of the schedule here: leave it out, or take "
                         "table=trained with a schedule that starts and ends where the scheduler does")


def _moves(ends: Ends, options: Options, schedule: NoiseSchedule, resolution: float) -> bool:
    """Whether a level is left out, or a point mass does not end as it should."""
    noise, asked = np.array([[[0.0], [1.0]]]), []

    def place(level: NoiseLevel) -> Array:
        return np.asarray(np.sqrt(level.alpha_bar) * POINT + np.sqrt(level.tau) * noise)

    def score(bundle: Array, level: NoiseLevel) -> Array:
        asked.append(level.half_log_snr)
        return np.asarray(-(bundle - np.sqrt(level.alpha_bar) * POINT) / level.tau)

    with np.errstate(all="ignore"):
        end = ends(options, score, place(schedule.start), len(schedule) - 1)
    gaps = [np.abs(np.array(asked) - level.half_log_snr).min() for level in schedule.levels[1:]]
    allowed = max(0.05 * np.sqrt(schedule.end.tau), 256.0 * resolution * max(1.0, schedule.start.sigma))
    return max(gaps) > NEAR or not bool(np.all(np.abs(end - place(schedule.end)) < allowed))


def _less(options: Options, name: str) -> dict[str, Any]:
    return {key: value for key, value in options.items() if key != name}
