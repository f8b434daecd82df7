"""Iteration complexity itself: the smallest T whose error is at most epsilon."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

LEAST = 3  # noise levels of the shortest schedule
STALLED = 0.95  # an error that two doublings do not bring below this share of itself has stopped falling
SATURATED = 0.5  # near one a total variation may stay flat for a while before it falls


class Unreachable(RuntimeError):
    """No T within the limit reaches epsilon; the message is one sentence."""


def smallest_T(error: Callable[[int], float], epsilon: float, first: Iterable[int], limit: int) -> int:
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

    def measure(T: int) -> float:
        if T not in seen:
            seen[T] = error(T)
        return seen[T]

    for T in sorted(set(first)):
        if measure(T) <= epsilon:
            break
    _climb(measure, seen, epsilon, limit)
    _descend(measure, seen, epsilon)
    return _close(measure, seen, epsilon)


def _climb(measure: Callable[[int], float], seen: dict[int, float], epsilon: float, limit: int) -> None:
    T = max(seen)
    while seen[T] > epsilon:
        before, now = seen.get(T // 4, math.inf), seen[T]
        if STALLED * before < now < SATURATED:
            raise Unreachable(f"the error stops falling at {now:.3g} (T = {T}), above epsilon = {epsilon:g}")
        if limit <= T:
            raise Unreachable(f"the error is still {now:.3g} at T_max = {limit}, above epsilon = {epsilon:g}")
        T = min(2 * T, limit)
        measure(T)


def _descend(measure: Callable[[int], float], seen: dict[int, float], epsilon: float) -> None:
    T = min(at for at, value in seen.items() if value <= epsilon)
    while T > LEAST and not any(at < T for at in seen):
        smaller = max(T // 2, LEAST)
        if measure(smaller) <= epsilon:
            T = smaller


def _close(measure: Callable[[int], float], seen: dict[int, float], epsilon: float) -> int:
    high = min(at for at, value in seen.items() if value <= epsilon)
    low = max((at for at in seen if at < high), default=LEAST - 1)
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
