"""Iteration complexity itself: the smallest T whose error is at most epsilon."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

LEAST = 3  # noise levels of the shortest schedule
STALLED = 0.95  # an error that two doublings do not bring below this share of itself has stopped falling
SATURATED = 0.5  # near one a total variation may stay flat for a while before it falls


class Unreachable(RuntimeError):
    """No T within the limit reaches epsilon; the message is one sentence."""


def smallest_steps(error: Callable[[int], float], epsilon: float, first: Iterable[int], limit: int) -> int:
    """The smallest T found with ``error(T) <= epsilon`` while ``error(T - 1) > epsilon``.

    ``first`` is measured first; then T doubles (or halves) until epsilon is bracketed, and the bracket is closed by
    interpolation in log T and log error, with bisection where that is slow. Deterministic for a deterministic error.

    Parameters
    ----------
    error : of T; infinite where no schedule of T levels exists. Called once per T.
    epsilon : in (0, 1).
    first : where to start, one or more T.
    limit : largest T tried.

    Raises
    ------
    Unreachable : epsilon is not reached up to ``limit``, or the error stops falling above it.
    """
    seen: dict[int, float] = {}

    def measure(steps: int) -> float:
        if steps not in seen:
            seen[steps] = error(steps)
        return seen[steps]

    for steps in sorted(set(first)):
        if measure(steps) <= epsilon:
            break
    _climb(measure, seen, epsilon, limit)
    _descend(measure, seen, epsilon)
    return _close(measure, seen, epsilon)


def _climb(measure: Callable[[int], float], seen: dict[int, float], epsilon: float, limit: int) -> None:
    steps = max(seen)
    while seen[steps] > epsilon:
        before, now = seen.get(steps // 4, math.inf), seen[steps]
        if STALLED * before < now < SATURATED:
            raise Unreachable(f"the error stops falling at {now:.3g} (T = {steps}), above epsilon = {epsilon:g}")
        if steps >= limit:
            raise Unreachable(f"the error is still {now:.3g} at T_max = {limit}, above epsilon = {epsilon:g}")
        steps = min(2 * steps, limit)
        measure(steps)


def _descend(measure: Callable[[int], float], seen: dict[int, float], epsilon: float) -> None:
    steps = min(steps for steps, value in seen.items() if value <= epsilon)
    while steps > LEAST and not any(below < steps for below in seen):
        smaller = max(steps // 2, LEAST)
        if measure(smaller) <= epsilon:
            steps = smaller


def _close(measure: Callable[[int], float], seen: dict[int, float], epsilon: float) -> int:
    high = min(steps for steps, value in seen.items() if value <= epsilon)
    low = max((steps for steps in seen if steps < high), default=LEAST - 1)
    slow = 0
    while high - low > 1:
        width = high - low
        guess = _interpolate(low, seen.get(low, math.inf), high, seen[high], epsilon if slow < 2 else None)
        guess = min(max(guess, low + 1), high - 1)
        if measure(guess) <= epsilon:
            high = guess
        else:
            low = guess
        slow = slow + 1 if high - low > width / 2 else 0
    return high


def _interpolate(low: int, above: float, high: int, below: float, epsilon: float | None) -> int:
    """Where a power law through both ends meets epsilon; the geometric mean where there is none, or no epsilon."""
    if epsilon is None or not (math.isfinite(above) and 0.0 < below < above):
        return math.isqrt(low * high)
    share = math.log(above / epsilon) / math.log(above / below)
    return math.ceil(math.exp(math.log(low) + share * math.log(high / low)))
