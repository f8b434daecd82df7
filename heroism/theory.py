"""What has been proved of HEROISM, as numbers: the exponent of d, the error bound, classical orders."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from heroism.errors import require, whole_number

Array = NDArray[np.float64]


def step_size(steps: ArrayLike) -> Array:
    """``h = log T / T`` of the paper's schedule (2506.24042, eq. 16) with T noise levels (any shape).

    Rates are orders in h, not in T; other schedules say their own h, ``NoiseSchedule.step``.
    """
    steps = np.asarray(steps, dtype=float)
    return np.log(steps) / steps


def dimension_exponent(points: float) -> float:
    """``1 + 2 / K``, the exponent of d in the number of noise levels T and in score evaluations that theorem 1 of
    2506.24042 asks for, up to logarithms. Raises InputError for K < 1.
    """
    return 1.0 + 2.0 / _points(points)


def error_bound(steps: ArrayLike, dim: float, points: int, score_error: float = 0.0, jacobian_error: float = 0.0,
                constant: float = 1.0) -> Array:
    """The bound on TV(X_1, Y_1) of theorem 1 (2506.24042, eq. 17).

    ``C1 d^2 (d log^2 T / T)^K log^2 T + C1 sqrt(d log^4 T) eps_score + C1 d log^{3/2} T eps_Jacobi``

    Parameters
    ----------
    steps : T, the number of noise levels, any shape.
    dim, points : d and K.
    score_error, jacobian_error : root mean squares at the sampler's own iterates (assumptions 2 and 3 there).
    constant : C1, which the theorem does not give.

    Raises
    ------
    InputError : K < 1.
    """
    steps = np.asarray(steps, dtype=float)
    log = np.log(steps)
    discretisation = dim**2 * (dim * log**2 / steps) ** _points(points) * log**2
    return np.asarray(constant * (discretisation + np.sqrt(dim) * log**2 * score_error
                                  + dim * log**1.5 * jacobian_error))


def classical_order(points: int, spacing: str = "equispaced") -> int:
    """Order in the step size of the collocation rule with K points, for exact scores and finished refinements.

    Closed symmetric rules (equispaced, Chebyshev-Lobatto) gain an order at odd K: 1, 2, 4, 4, 6, 6 for K = 1..6; the
    theorem's K is a lower bound for it. Gauss-Legendre has 2K, Gauss-Lobatto 2K - 2, Gauss-Radau 2K - 1.
    Raises InputError for K < 1 or another spacing.
    """
    points = whole_number("K", points, 1)
    symmetric = 1 if points == 1 else points + points % 2  # a single point is the left end of the step
    orders = {"equispaced": symmetric, "chebyshev": symmetric, "gauss_lobatto": max(1, 2 * points - 2),
              "gauss_legendre": 2 * points, "gauss_radau": 2 * points - 1}
    require(spacing in orders, "spacing", spacing, f"choose one of {', '.join(orders)}")
    return orders[spacing]


def _points(points: float) -> float:
    require(points >= 1, "K", points, "give a number of at least 1")
    return points
