"""How heavy the tail of what is averaged is: the shape of a generalised Pareto law."""

from __future__ import annotations

import numpy as np

from heroism.noise import Array

FEWEST = 5  # points in the tail
PRIOR = 10  # points that a prior around 0.5 counts for


def tail_index(contributions: Array) -> float | None:
    """Shape k of the generalised Pareto law of the largest of the absolute contributions (n,); None for n < 25 or a
    constant.

    As in Pareto-smoothed importance sampling (1507.02646, sections 2.3 and appendix): of the largest ``min(n / 5,
    3 sqrt n)``, above the one that comes next. Moments of order 1/k and more are infinite: from k = 0.5 on the variance
    is, and above 0.7 neither the mean nor its standard error settle at a practical n.
    """
    sizes = np.sort(np.abs(contributions))
    n = len(sizes)
    count = int(min(n / 5, 3 * np.sqrt(n)))
    if count < FEWEST or not np.isfinite(sizes[-1]):
        return None
    excess = sizes[-count:] - sizes[-count - 1]
    if excess[-1] <= 0.0:
        return None
    return _shape(np.maximum(excess, np.finfo(float).eps * excess[-1]))  # ties


def _shape(x: Array) -> float:
    """Of a generalised Pareto law from ascending positive draws (n,): Zhang and Stephens (2009), an average over a grid
    of scales by their profile likelihood, drawn towards 0.5.
    """
    n = len(x)
    grid = np.arange(1, 31 + int(np.sqrt(n)))
    scale = 1.0 / x[-1] + (1.0 - np.sqrt(len(grid) / (grid - 0.5))) / (3.0 * x[int(n / 4 + 0.5) - 1])
    shape = np.mean(np.log1p(-scale[:, None] * x), axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        likelihood = n * (np.log(-scale / shape) - shape - 1.0)
    likelihood = np.where(np.isfinite(likelihood), likelihood, -np.inf)
    weights = np.exp(likelihood - likelihood.max())
    best = float(scale @ weights / weights.sum())
    k = float(np.mean(np.log1p(-best * x)))
    return (n * k + 0.5 * PRIOR) / (n + PRIOR)
