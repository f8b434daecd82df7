"""DDPM with its original coefficients: the stochastic sampler that needs no Jacobian to be right."""

from __future__ import annotations

from heroism.samplers.stochastic.coefficients import Coefficients


class Ddpm(Coefficients):
    """``Y_{t-1} = (Y_t + (1 - alpha_t) s_t(Y_t)) / sqrt(alpha_t) + sigma_t Z``,
    ``sigma_t^2 = (1 - alpha_t)(1 - alpha_bar_{t-1}) / (1 - alpha_bar_t)`` (2006.11239, eq. 7; 2409.18959).

    Stochastic: there is no change of variables. Its law is propagated where the target's structure allows it (Gaussian,
    product, rotationally symmetric); elsewhere it is measured by histograms and along its path.
    """

    def __init__(self) -> None:
        super().__init__()
