"""What has been proved, as numbers: exponents, bounds, classical orders, and what is claimed for other samplers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from heroism.errors import require, whole_number

Array = NDArray[np.float64]


def step_size(steps: ArrayLike) -> Array:
    """``h = log T / T``, what the paper's schedule (2506.24042, eq. 16) makes of T: rates are orders in h, not in T."""
    steps = np.asarray(steps, dtype=float)
    return np.log(steps) / steps


def epsilon_exponent(points: float) -> float:
    """Of 1/epsilon in the number of steps, and in score evaluations, up to logarithms (2506.24042, theorem 1)."""
    return 1.0 / _points(points)


def dimension_exponent(points: float) -> float:
    """Of d in the number of steps, and in score evaluations, up to logarithms (2506.24042, theorem 1)."""
    return 1.0 + 2.0 / _points(points)


def error_bound(steps: ArrayLike, dim: float, points: int, score_error: float = 0.0, jacobian_error: float = 0.0,
                constant: float = 1.0) -> Array:
    """The bound on TV(X_1, Y_1) of theorem 1 (2506.24042, eq. 17).

    ``C1 d^2 (d log^2 T / T)^K log^2 T + C1 sqrt(d log^4 T) eps_score + C1 d log^{3/2} T eps_Jacobi``

    Parameters
    ----------
    steps : T, any shape.
    dim, points : d and K.
    score_error, jacobian_error : root mean squares at the sampler's own iterates (assumptions 2 and 3 there).
    constant : C1, which the theorem does not give.
    """
    steps = np.asarray(steps, dtype=float)
    log = np.log(steps)
    discretisation = dim**2 * (dim * log**2 / steps) ** _points(points) * log**2
    return np.asarray(constant * (discretisation + np.sqrt(dim) * log**2 * score_error
                                  + dim * log**1.5 * jacobian_error))


def burn_in(steps: ArrayLike, dim: float, constant: float = 1.0) -> NDArray[np.bool_]:
    """Whether ``T >= C2 d^2 log^3 T``, which theorem 1 asks for (2506.24042)."""
    steps = np.asarray(steps, dtype=float)
    return np.asarray(steps >= constant * dim**2 * np.log(steps) ** 3)


def steps_of_bound(dim: float, epsilon: float, points: int, constant: float = 1.0) -> float:
    """The T beyond which the bound for exact scores stays below epsilon; a real number.

    Raises InputError unless epsilon is in (0, 1).
    """
    require(0.0 < epsilon < 1.0, "epsilon", epsilon, "give a number in (0, 1)")

    def excess(log: float) -> float:  # of the logarithm of the bound, at T = e^log
        return (np.log(constant) + (2 + points) * np.log(dim) - points * log + 2 * (points + 1) * np.log(log)
                - np.log(epsilon))

    peak = 2.0 * (points + 1) / points  # log T where the bound is largest; from there on it falls
    if excess(peak) <= 0:
        return float(np.exp(peak))
    high = 2.0 * peak
    while excess(high) > 0:
        high *= 2.0
    return float(np.exp(brentq(excess, peak, high)))


def order_of_bound(steps: ArrayLike, points: int) -> Array:
    """Local order in h of the bound itself: below K at every finite T, because its logarithms grow with T.

    ``(K - 2 (K + 1) / log T) / (1 - 1 / log T)``, negative where the bound still rises.
    """
    log = np.log(np.asarray(steps, dtype=float))
    return np.asarray((points - 2.0 * (points + 1) / log) / (1.0 - 1.0 / log))


def classical_order(points: int, spacing: str = "equispaced") -> int:
    """Order in the step size of the collocation rule with K points, for exact scores and finished refinements.

    Closed symmetric rules (equispaced, Chebyshev-Lobatto) gain an order at odd K: 1, 2, 4, 4, 6, 6 for K = 1..6; the
    theorem's K is a lower bound for it. Gauss-Legendre has 2K, Gauss-Lobatto 2K - 2, Gauss-Radau 2K - 1.
    """
    points = whole_number("K", points, 1)
    symmetric = 1 if points == 1 else points + points % 2  # a single point is the left end of the step
    orders = {"equispaced": symmetric, "chebyshev": symmetric, "gauss_lobatto": max(1, 2 * points - 2),
              "gauss_legendre": 2 * points, "gauss_radau": 2 * points - 1}
    require(spacing in orders, "spacing", spacing, f"choose one of {', '.join(orders)}")
    return orders[spacing]


@dataclass(frozen=True)
class Published:
    """A rate claimed for a sampler: ``T = O~(dim^dimension epsilon^-epsilon)`` steps for a total variation of epsilon.

    Attributes
    ----------
    samplers : names of the samplers it is about.
    words : the claim in words.
    source : arXiv numbers.
    order : order in the step size for exact scores; None where none is claimed. ``p`` stands for a sampler's parameter.
    dimension, epsilon : exponents, as formulas in p; None where none is claimed.
    intrinsic : whether the dimension is that of the support instead of the space it lies in.
    """

    samplers: tuple[str, ...]
    words: str
    source: tuple[str, ...]
    order: str | None = None
    dimension: str | None = None
    epsilon: str | None = None
    intrinsic: bool = False


PUBLISHED = (
    Published(("heroism",), "TV = O~(d^2 (d/T)^K) + sqrt(d) eps_score + d eps_Jacobi", ("2506.24042",),
              order="p", dimension="1 + 2/p", epsilon="1/p"),
    Published(("euler",), "TV = O~(d/T) + sqrt(d) eps_score + d eps_Jacobi", ("2408.02320",),
              order="1", dimension="1", epsilon="1"),
    Published(("ddim",), "TV = O~(k/T) with the intrinsic dimension k", ("2501.12982",),
              order="1", dimension="1", epsilon="1", intrinsic=True),
    Published(("ddpm",), "TV = O~(k/T) with the intrinsic dimension k, whatever the Jacobian error",
              ("2501.12982", "2409.18959"), order="1", dimension="1", epsilon="1", intrinsic=True),
    Published(("accelerated",), "error of order 1/T^2, T = O~(d^3 / sqrt(epsilon))", ("2403.03852",),
              order="2", dimension="3", epsilon="1/2"),
    Published(("heun", "rk4", "dop853"), "TV of order d (d h)^p", ("2404.09730", "2506.13061"),
              order="p", dimension="1 + 1/p", epsilon="1/p"),
    Published(("randomised_midpoint",), "T = O~(d^(5/12)) with a corrector", ("2406.00924",), dimension="5/12"),
    Published(("dpm_solver_pp",), "order p in the half log-SNR", ("2211.01095",), order="p"),
    Published(("deis",), "order p in the half log-SNR", ("2204.13902",), order="p"),
    Published(("unipc",), "order p, p + 1 with the corrector", ("2302.04867",), order="p + 1"),
    Published(("edm_heun",), "order 2 on the rho = 7 grid in sigma", ("2206.00364",), order="2"),
    Published(("chebyshev_sweeps",), "T = d^(1 + o(1)) epsilon^(-1/p) with K growing like log T", ("2606.10353",),
              dimension="1", epsilon="1/p"),
    Published(("growing_collocation",), "polylogarithmic in 1/epsilon", ("2601.10708",), epsilon="0"),
    Published(("picard",), "whole-trajectory Picard iteration: few rounds", ("2305.16317",)),
)


def published(sampler: str) -> Published:
    """The claim for a sampler. Raises InputError for one that nothing is recorded for."""
    claims = {name: claim for claim in PUBLISHED for name in claim.samplers}
    require(sampler in claims, "sampler", sampler, f"choose one of {', '.join(claims)}")
    return claims[sampler]


def _points(points: float) -> float:
    require(points >= 1, "K", points, "give a number of at least 1")
    return points
