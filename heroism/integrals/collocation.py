"""Quadrature points on the unit step and their integration matrices, from the qmat library."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache

import numpy as np
from qmat.qcoeff.collocation import Collocation as QmatCollocation

from heroism.errors import require, whole_number

SPACINGS = {  # our name -> qmat's (node type, quadrature type)
    "equispaced": ("EQUID", "LOBATTO"),
    "chebyshev": ("CHEBY-1", "LOBATTO"),
    "gauss_lobatto": ("LEGENDRE", "LOBATTO"),
    "gauss_legendre": ("LEGENDRE", "GAUSS"),
    "gauss_radau": ("LEGENDRE", "RADAU-RIGHT"),
}
MOST_EQUISPACED = 8  # beyond, weights turn negative and the Lebesgue constant amplifies every error
MOST = 64  # beyond, it is above 2**52 for equispaced points, and no spacing gains anything in double precision


@dataclass(frozen=True)
class Collocation:
    """Points on the unit step and what integrates their Lagrange basis psi_j (2506.24042, eq. 12 and 15).

    Attributes
    ----------
    nodes : (K,) increasing points in [0, 1].
    matrix : (K, K), ``matrix[i, j]`` the integral of psi_j from 0 to node i; times the step length this is gamma_ij.
    end : (K,) integrals of psi_j from 0 to 1.
    order : classical order of the collocation method at the end of the step.
    """

    nodes: np.ndarray
    matrix: np.ndarray
    end: np.ndarray
    order: int

    @property
    def holds_start(self) -> bool:
        """Whether the first point is the start of the step, where the state is known and one evaluation suffices."""
        return bool(self.nodes[0] == 0.0)


def collocation(points: int, spacing: str = "equispaced") -> Collocation:
    """K = ``points`` collocation points of the given spacing; built once.

    ``"equispaced"`` are the paper's (eq. 11), ``"chebyshev"`` the Chebyshev-Lobatto points, ``"gauss_lobatto"``,
    ``"gauss_legendre"`` and ``"gauss_radau"`` (right end included) those of the quadratures. A single point is the
    start of the step for the spacings that hold it (explicit Euler), the midpoint for Gauss-Legendre, the end for
    Gauss-Radau.

    Raises
    ------
    InputError : K < 1, K > 64 or an unknown spacing. Warns beyond 8 equispaced points, whose interpolation
        amplifies errors.
    """
    points = whole_number("K", points, 1, MOST)
    known = isinstance(spacing, str) and spacing in SPACINGS
    require(known, "spacing", spacing, f"choose one of {', '.join(SPACINGS)}")
    return _made(points, spacing)


@cache
def _made(points: int, spacing: str) -> Collocation:
    if spacing == "equispaced" and points > MOST_EQUISPACED:
        warnings.warn(f"K = {points} equispaced points amplify errors: stay at {MOST_EQUISPACED} or below, "
                      "or take spacing=chebyshev", stacklevel=3)
    kind, quadrature = SPACINGS[spacing]
    if points == 1 and quadrature == "LOBATTO":
        return Collocation(np.zeros(1), np.zeros((1, 1)), np.ones(1), 1)
    rule = QmatCollocation(nNodes=points, nodeType=kind, quadType=quadrature)
    nodes, matrix = np.array(rule.nodes, dtype=float), np.array(rule.Q, dtype=float)
    for exact in (0.0, 1.0):  # an end of the step is that end, not a number next to it
        nodes[np.abs(nodes - exact) < 1e-14] = exact
    return Collocation(nodes, matrix, np.array(rule.weights, dtype=float), int(rule.order))
