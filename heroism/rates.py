"""Slopes as objects: exponents of power laws with their uncertainty, and where a falling curve reaches a level."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.stats import t as student

from heroism.errors import InputError, require

Array = NDArray[np.float64]

LEVEL = 1e-6  # of log y, between neighbours: on a plateau, such as one at y = 1, a parabola would stand upright
FLOOR_FACTOR = 10.0  # an error below this multiple of its floor says more about the estimator than about the sampler
SATURATION = 0.3  # a total variation above this feels that it cannot exceed one
NOISY = 0.5  # beyond this relative standard error a logarithm is no longer normal
SAME = 0.05  # halves of a range whose slopes differ by less than this share of the slope count as one slope


@dataclass(frozen=True)
class Pair:
    """The slope between two neighbouring points; ``x`` is their geometric mean."""

    x: float
    slope: float
    stderr: float


@dataclass(frozen=True)
class Dropped:
    """A point that a fit left out, and why."""

    x: float
    y: float
    why: str


@dataclass(frozen=True)
class RateFit:
    """The exponent of ``y ~ x^slope``.

    Attributes
    ----------
    slope, stderr : NaN when ``reason`` is given; ``stderr`` holds measurement noise and scatter about the line.
    intercept : log y at x = 1.
    freedom : degrees of freedom left, points - 2.
    points : the (x, y) used, in increasing x.
    dropped : points left out and why.
    pairwise : slopes between consecutive points.
    halves : (slope of the small x, slope of the large x, standard error of their difference), or None.
    consistent : False when the two halves disagree beyond their uncertainty (and by more than SAME); None when fewer
        than three points leave nothing to compare.
    reason : why there is no slope, one sentence; None when there is one.
    """

    slope: float
    stderr: float
    intercept: float
    freedom: int
    points: tuple[tuple[float, float], ...]
    dropped: tuple[Dropped, ...]
    pairwise: tuple[Pair, ...] = ()
    halves: tuple[float, float, float] | None = None
    consistent: bool | None = None
    reason: str | None = None

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Confidence interval from Student's t; unbounded when two points leave no degree of freedom."""
        return _interval(self.slope, self.stderr, self.freedom, level)

    def predict(self, x: ArrayLike) -> Array:
        """The fitted power law at x."""
        return np.asarray(np.exp(self.intercept + self.slope * np.log(x)))


@dataclass(frozen=True)
class Pooled:
    """One exponent from several fits; ``spread`` is the standard deviation of the true exponents between them."""

    slope: float
    stderr: float
    freedom: float
    spread: float
    fits: int

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Confidence interval from Student's t."""
        return _interval(self.slope, self.stderr, self.freedom, level)


@dataclass(frozen=True)
class Crossing:
    """Where a falling curve reaches a level.

    Attributes
    ----------
    x, stderr : NaN when ``reason`` is given.
    after, by : what is known for sure: the largest x measured above the level (0 if none) and the smallest at or
        below it (infinite if none).
    reason : why there is no crossing; None when there is one.
    """

    x: float
    stderr: float
    after: float
    by: float
    reason: str | None = None


def fit_rate(x: ArrayLike, y: ArrayLike, stderr: ArrayLike | None = None, floor: ArrayLike | None = None,
             saturation: float | None = SATURATION, unusable: Sequence[str | None] | None = None) -> RateFit:
    """Weighted least squares of log y on log x.

    The standard error of the slope counts the measurement noise (``stderr / y`` on log y) and, beyond it, the scatter
    about the line: a common variance is added to every point until the residuals are as large as they should be
    (Paule and Mandel 1982), so a curved range has a wide interval however small its noise.

    Parameters
    ----------
    x, y : (n,) abscissae and measured values, in any order.
    stderr : (n,) or scalar standard error of y; None if unknown or zero.
    floor : (n,) or scalar; points below FLOOR_FACTOR times it are dropped.
    saturation : points above it are dropped; None for quantities that do not saturate.
    unusable : (n,) why a point must not be used ("failed"), None or empty for one that may.

    Returns
    -------
    RateFit : slope NaN and a reason when fewer than two points remain; two points leave no degree of freedom.

    Raises
    ------
    InputError : lengths that differ.
    """
    values, dropped = _usable(_Points.of(x, y, stderr, floor, unusable), saturation)
    points = tuple(zip(values.x.tolist(), values.y.tolist(), strict=True))
    if len(np.unique(values.x)) < 2:
        why = "; ".join(sorted({point.why for point in dropped})) or "no others were given"
        reason = f"{len(points)} usable point{'s' * (len(points) != 1)}, a slope needs two ({why})"
        return RateFit(np.nan, np.nan, np.nan, 0, points, dropped, reason=reason)
    u, v, noise = np.log(values.x), np.log(values.y), values.log_variance
    variance = noise + _scatter(u, v, noise)
    intercept, slope, slope_variance = _line(u, v, variance)
    halves, consistent = _halves(u, v, noise)
    return RateFit(slope, float(np.sqrt(slope_variance)), intercept, len(u) - 2, points, dropped,
                   _pairwise(u, v, noise), halves, consistent)


def pool(fits: Sequence[RateFit]) -> Pooled | None:
    """One exponent from fits that may share their data (several levels of the same curves); None without a slope.

    A random-effects mean (Paule and Mandel 1982): the exponents may truly differ, and their spread is estimated. As the
    fits may share their data, their own standard errors are averaged and do not shrink with the number of fits. That is
    why it is written here: ``statsmodels.stats.meta_analysis.combine_effects`` has the same spread and mean, but takes
    the fits for independent and their errors for known, so that its intervals are too narrow; SciPy has neither.
    """
    usable = [fit for fit in fits if fit.freedom > 0 and np.isfinite(fit.slope)]
    if not usable:
        return None
    slopes, errors = np.array([fit.slope for fit in usable]), np.array([fit.stderr for fit in usable])
    spread = _excess(lambda extra: _residuals_of_mean(slopes, errors**2 + extra), errors**2, len(usable) - 1)
    weights = 1.0 / np.maximum(errors**2 + spread, np.finfo(float).eps ** 2)
    weights /= weights.sum()
    within, between = float(weights @ errors) ** 2, float(spread * np.sum(weights**2))
    within_freedom = float(weights @ np.array([fit.freedom for fit in usable]))
    # Welch and Satterthwaite: degrees of freedom of a sum of two estimated variances.
    parts = within**2 / within_freedom + (between**2 / (len(usable) - 1) if between > 0 else 0.0)
    freedom = (within + between) ** 2 / parts if parts > 0 else within_freedom
    return Pooled(float(weights @ slopes), float(np.sqrt(within + between)), freedom, float(np.sqrt(spread)),
                  len(usable))


def crossing(x: ArrayLike, y: ArrayLike, stderr: ArrayLike | None, level: float,
             floor: ArrayLike | None = None, unusable: Sequence[str | None] | None = None) -> Crossing:
    """The x at which a falling curve reaches ``level``: by interpolation in log x and log y, never by extrapolation.

    The standard error counts the noise of the two points around the level, and how far a parabola through a third
    point on either side is from the straight line between the two.

    Parameters
    ----------
    x, y : (n,) abscissae and values, in any order; points that a fit would drop are left out, except saturated ones.
    stderr : (n,) or scalar standard error of y; None if unknown or zero.
    level : positive.
    floor, unusable : as for :func:`fit_rate`.

    Returns
    -------
    Crossing : with a reason instead of an x when the level is not bracketed, or when the curve comes back above it.
    """
    require(np.isfinite(level) and level > 0, "level", level, "give a positive number")
    values, dropped = _usable(_Points.of(x, y, stderr, floor, unusable), None)
    above = values.y > level
    after = float(values.x[above].max()) if above.any() else 0.0
    if above.all():
        why = f"not reached by {after:g}" if after else "no usable points"
        near = any(point.why.startswith("below") and point.y <= level for point in dropped)
        return Crossing(np.nan, np.nan, after, np.inf, why + ", and what lies below is too near the floor" * near)
    first = int(np.argmin(above))  # the first point at or below the level
    by = float(values.x[first])
    if first == 0:
        return Crossing(np.nan, np.nan, 0.0, by, f"reached before the smallest value, {by:g}")
    back = (values.y - 2.0 * values.stderr > level) & (values.x > by)
    if back.any():
        return Crossing(np.nan, np.nan, after, by, f"comes back above the level at {values.x[back][0]:g}")
    u, v, variance = np.log(values.x), np.log(values.y), values.log_variance
    at, spread = _interpolate(u, v, variance, first, float(np.log(level)))
    return Crossing(float(np.exp(at)), float(np.exp(at) * spread), float(values.x[first - 1]), by)


@dataclass(frozen=True)
class _Points:
    """Points in increasing x, with everything that is known about each."""

    x: Array
    y: Array
    stderr: Array
    floor: Array
    unusable: tuple[str | None, ...]

    @classmethod
    def of(cls, x: ArrayLike, y: ArrayLike, stderr: ArrayLike | None, floor: ArrayLike | None,
           unusable: Sequence[str | None] | None) -> _Points:
        abscissae = np.atleast_1d(_numbers("x", x))
        require(abscissae.ndim == 1, "x", abscissae.shape, "give a list of numbers")
        n = len(abscissae)
        columns = [abscissae]
        for name, column in (("y", y), ("stderr", stderr), ("floor", floor)):
            given = _numbers(name, 0.0 if column is None else column)
            require(given.shape in ((), (n,)), name, f"{given.shape}", f"give {n} values")
            columns.append(np.broadcast_to(given, (n,)))
        reasons = [None] * n if unusable is None else [reason or None for reason in unusable]
        require(len(reasons) == n, "unusable", f"({len(reasons)},)", f"give {n} values")
        given_order = cls(columns[0], columns[1], columns[2], columns[3], tuple(reasons))
        return given_order.only(np.argsort(abscissae, kind="stable"))

    def only(self, which: NDArray[np.int_]) -> _Points:
        return _Points(self.x[which], self.y[which], self.stderr[which], self.floor[which],
                       tuple(self.unusable[i] for i in which))

    @property
    def log_variance(self) -> Array:
        """Variance of log y, as of a log-normal quantity with that relative standard error."""
        return np.log1p((self.stderr / self.y) ** 2)


def _numbers(name: str, given: ArrayLike) -> Array:
    try:
        return np.asarray(given, dtype=float)
    except (TypeError, ValueError):
        raise InputError(name, given, "give a list of numbers") from None


def _usable(points: _Points, saturation: float | None) -> tuple[_Points, tuple[Dropped, ...]]:
    """The points a fit may use, and the others with the first reason that applies to each."""
    with np.errstate(invalid="ignore"):
        finite = np.isfinite(points.x) & np.isfinite(points.y) & (points.x > 0) & (points.y > 0)
        reasons = [
            ("not finite", ~finite),
            (f"below {FLOOR_FACTOR:g}x floor", points.y < FLOOR_FACTOR * np.nan_to_num(points.floor)),
            (f"saturated: above {saturation}", points.y > (np.inf if saturation is None else saturation)),
            (f"noisy: stderr above {NOISY:g} of the value", ~(points.stderr <= NOISY * points.y)),
        ]
    why = [given or next((text for text, hit in reasons if hit[i]), None) for i, given in enumerate(points.unusable)]
    dropped = tuple(Dropped(float(points.x[i]), float(points.y[i]), text) for i, text in enumerate(why) if text)
    return points.only(np.array([i for i, text in enumerate(why) if text is None], dtype=int)), dropped


def _line(u: Array, v: Array, variance: Array) -> tuple[float, float, float]:
    """Intercept and slope of the weighted line, and the variance of the slope."""
    weights = 1.0 / np.maximum(variance, np.finfo(float).eps ** 2)
    center_u, center_v = np.average(u, weights=weights), np.average(v, weights=weights)
    square = float(np.sum(weights * (u - center_u) ** 2))
    slope = float(np.sum(weights * (u - center_u) * (v - center_v)) / square)
    return float(center_v - slope * center_u), slope, 1.0 / square


def _scatter(u: Array, v: Array, noise: Array) -> float:
    """Variance about the line beyond the measurement noise."""
    def normalised(extra: float) -> float:
        intercept, slope, _ = _line(u, v, noise + extra)
        return float(np.sum((v - intercept - slope * u) ** 2 / np.maximum(noise + extra, np.finfo(float).eps ** 2)))

    return _excess(normalised, noise, len(u) - 2)


def _excess(normalised: Callable[[float], float], noise: Array, freedom: int) -> float:
    """The variance to add to every point for a sum of squared normalised residuals equal to ``freedom`` (>= 0)."""
    if freedom < 1 or normalised(0.0) <= freedom:
        return 0.0
    high = float(np.max(noise)) + np.finfo(float).eps
    while normalised(high) > freedom:
        high *= 4.0
    return float(brentq(lambda extra: normalised(extra) - freedom, 0.0, high, xtol=1e-30, rtol=1e-10))


def _residuals_of_mean(values: Array, variance: Array) -> float:
    weights = 1.0 / np.maximum(variance, np.finfo(float).eps ** 2)
    return float(np.sum(weights * (values - np.average(values, weights=weights)) ** 2))


def _halves(u: Array, v: Array, noise: Array) -> tuple[tuple[float, float, float] | None, bool | None]:
    """Slopes of both halves of the range (a middle point belongs to both) and whether they agree."""
    n = len(u)
    size = (n + 1) // 2
    low, high = slice(0, size), slice(n - size, n)
    if n < 3 or len(np.unique(u[low])) < 2 or len(np.unique(u[high])) < 2:
        return None, None
    freedom, square, slopes, influence = 0, 0.0, [], np.zeros(n)
    for half, sign in ((low, -1.0), (high, 1.0)):
        intercept, slope, _ = _line(u[half], v[half], np.ones(size))
        slopes.append(slope)
        square += float(np.sum((v[half] - intercept - slope * u[half]) ** 2))
        freedom += size - 2
        centered = u[half] - u[half].mean()
        influence[half] += sign * centered / np.sum(centered**2)  # of every point on the difference of the slopes
    scatter = max(0.0, square / freedom - float(noise.mean())) if freedom else 0.0
    error = float(np.sqrt(np.sum(influence**2 * (noise + scatter))))
    difference = abs(slopes[1] - slopes[0])
    consistent = difference <= max(2.0 * error, SAME * max(map(abs, slopes)))
    return (slopes[0], slopes[1], error), bool(consistent)


def _pairwise(u: Array, v: Array, noise: Array) -> tuple[Pair, ...]:
    steps = [i for i in range(len(u) - 1) if u[i + 1] > u[i]]
    return tuple(Pair(float(np.exp((u[i] + u[i + 1]) / 2)), float((v[i + 1] - v[i]) / (u[i + 1] - u[i])),
                      float(np.sqrt(noise[i] + noise[i + 1]) / (u[i + 1] - u[i]))) for i in steps)


def _interpolate(u: Array, v: Array, variance: Array, first: int, level: float) -> tuple[float, float]:
    """Where the line from point ``first - 1`` to ``first`` meets the level, and the standard error of that place."""
    left, right = first - 1, first
    width, drop = u[right] - u[left], v[left] - v[right]
    share = (v[left] - level) / drop
    at = float(u[left] + share * width)
    noise = (width / drop) ** 2 * ((1 - share) ** 2 * variance[left] + share**2 * variance[right])
    bend = 0.0
    for three in (slice(left - 1, right + 1), slice(left, right + 2)):
        if three.start >= 0 and three.stop <= len(u) and np.all(np.diff(v[three]) < -LEVEL):
            parabola = np.clip(_through(v[three], u[three], level), u[left], u[right])
            bend = max(bend, abs(float(parabola) - at))
    return at, float(np.sqrt(noise + bend**2))


def _through(v: Array, u: Array, at: float) -> float:
    """The parabola u(v) through three points, at one place."""
    first, second = (u[1] - u[0]) / (v[1] - v[0]), (u[2] - u[1]) / (v[2] - v[1])
    return float(u[0] + first * (at - v[0]) + (second - first) / (v[2] - v[0]) * (at - v[0]) * (at - v[1]))


def _interval(slope: float, stderr: float, freedom: float, level: float) -> tuple[float, float]:
    require(0.0 < level < 1.0, "level", level, "give a confidence level strictly between 0 and 1")
    if not np.isfinite(slope):
        return np.nan, np.nan
    if freedom < 1:
        return -np.inf, np.inf
    reach = float(student.ppf(0.5 + level / 2, freedom)) * stderr
    return slope - reach, slope + reach


def reach(y: ArrayLike, stderr: ArrayLike) -> Array:
    """(2, n) lengths of error bars of ``y`` (n,) down and up, for a logarithmic axis, which does not show zero: down to
    a tenth of the value at most; no bar where the standard error is not finite."""
    bars = np.where(np.isfinite(stderr), stderr, 0.0)
    return np.array([np.minimum(bars, 0.9 * np.asarray(y)), bars])
