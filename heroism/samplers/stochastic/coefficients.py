"""One-step samplers by their two coefficients: DDPM, DDIM and what lies between and beside them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from heroism.errors import a_number, nonnegative, require
from heroism.noise import NoiseLevel
from heroism.samplers.stochastic.recursion import STATE, Combine, Evaluate, Memoryless, Operation

DRIFTS, VARIANCES = ("linear", "adapted"), ("posterior", "forward")


class Coefficients(Memoryless):
    """``Y_{t-1} = (Y_t + eta_t s_t(Y_t)) / sqrt(alpha_t) + sigma_t Z`` (the form of 2501.12982; sigma_t here is that of
    Y_{t-1}).

    With ``beta_t = 1 - alpha_t`` and tau = 1 - alpha_bar:

    sigma_t^2 : ``strength`` times beta_t tau_{t-1} / tau_t ("posterior", the smaller variance of 2006.11239) or times
        beta_t ("forward", the larger).
    eta_t : ``(1 + strength) / 2 beta_t`` ("linear": Euler's step of the reverse SDE of that strength), or the one with
        which a point mass is reached exactly, ``tau_t - sqrt(alpha_t tau_t (tau_{t-1} - sigma_t^2))`` ("adapted":
        2010.02502, eq. 12, DDIM with eta^2 = strength; 2501.12982 shows that adaptation to a low dimension
        needs nearly this). Either is multiplied by ``1 + excess beta_t / tau_t``, which leaves the order as it is and
        the adaptation not.

    ``Coefficients()`` is DDPM; for strength 1 and the posterior variance both drifts agree. Strength 0 adds no noise:
    "adapted" is then DDIM, "linear" Euler's step of the probability-flow ODE.

    Raises
    ------
    InputError : an unknown drift or variance, a negative strength; when it runs, an adapted drift with a variance above
        tau_{t-1}.
    """

    order = 1

    def __init__(self, drift: str = "linear", variance: str = "posterior", strength: float = 1.0, excess: float = 0.0):
        require(drift in DRIFTS, "drift", drift, f"choose one of {', '.join(DRIFTS)}")
        require(variance in VARIANCES, "variance", variance, f"choose one of {', '.join(VARIANCES)}")
        nonnegative("strength", strength)
        a_number("excess", excess)
        self.drift, self.variance, self.strength, self.excess = drift, variance, float(strength), float(excess)
        self.stochastic = strength > 0

    def step(self, start: NoiseLevel, end: NoiseLevel) -> Iterator[Operation]:
        beta, scale = start.tau_above(end) / end.alpha_bar, float(np.sqrt(end.alpha_bar / start.alpha_bar))
        square = self.strength * beta * (end.tau / start.tau if self.variance == "posterior" else 1.0)
        eta = self._eta(beta, square, start, end) * (1.0 + self.excess * beta / start.tau)
        yield Evaluate("score", STATE, start)
        yield Combine(STATE, {STATE: scale, "score": scale * eta}, float(np.sqrt(square)))

    def _eta(self, beta: float, square: float, start: NoiseLevel, end: NoiseLevel) -> float:
        if self.drift == "linear":
            return 0.5 * (1.0 + self.strength) * beta
        left = end.tau - square
        require(left > -1e-14 * end.tau, "strength", self.strength, "the noise of a step exceeds the noise level that "
                "it leads to: take less, or more steps")
        alpha = start.alpha_bar / end.alpha_bar
        rest = float(np.sqrt(max(left, 0.0) * alpha * start.tau))
        return start.tau * (beta + alpha * square) / (start.tau + rest)  # the difference without cancellation
