"""Exponential Adams methods of any order: the multistep DPM-Solver++ on data predictions, DEIS on noise predictions."""

from __future__ import annotations

from heroism.errors import require, whole_number
from heroism.samplers.exponential import ExponentialMultistep

HIGHEST = 12


class ExponentialAdams(ExponentialMultistep):
    """Explicit exponential Adams method through the last k points; order k, one evaluation per transition.

    ``prediction="data"`` is DPM-Solver++(kM) (2211.01095; there k <= 3, with differences that agree with the exact
    integral of the interpolant up to its order), ``"noise"`` is DEIS in half-log-SNR (2204.13902). k = 1 is DDIM for
    both. A point mass is preserved exactly; N(0, I) is not.

    Parameters
    ----------
    order : k in 1..12. Beyond 6 the step must be short: the region of stability shrinks.
    prediction : "data" or "noise".
    startup : "order_keeping" costs (k - 2)(k - 3) / 2 more evaluations in k - 3 more rounds, once per path; "growing"
        is the customary start with orders 1, 2, 3, ..., which leaves the method at order 2.

    Raises
    ------
    InputError : an order outside 1..12, an unknown prediction or start-up.
    """

    corrects = False

    def __init__(self, order: int = 3, prediction: str = "data", startup: str = "order_keeping"):
        super().__init__(prediction, startup)
        self.points = whole_number("order", order, 1)
        require(self.points <= HIGHEST, "order", order, f"give an order of at most {HIGHEST}")
