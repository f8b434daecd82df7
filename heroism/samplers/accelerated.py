"""The accelerated ODE sampler: DDIM and a difference of two successive noise predictions."""

from __future__ import annotations

import numpy as np

from heroism.flow import Flow
from heroism.integrals.clocks import SigmaClock
from heroism.noise import Array, NoiseSchedule
from heroism.samplers.base import Sampler


class AcceleratedOde(Sampler):
    """Second order from one evaluation per transition (2403.03852), in the form in which its authors run it.

    With ``y = x / sqrt(alpha_bar)`` and ``E = -sqrt(tau) s`` the flow is ``dy = E d sigma``, and DDIM keeps E. This
    interpolates it linearly in alpha_bar through the last two predictions,

        ``y_{t-1} = y_t + (sigma_{t-1} - sigma_t) E_t + c_t (E_t - E_{t+1}) / (alpha_bar_t - alpha_bar_{t+1})``,
        ``c_t = int (alpha_bar - alpha_bar_t) d sigma
        = arctan sigma_{t-1} - arctan sigma_t - alpha_bar_t (sigma_{t-1} - sigma_t)``,

    which is the "accelerated ODE sampler" of the readme of the authors' code (there with ``arcsin sqrt(alpha_bar) =
    pi/2 - arctan sigma``). The first step is DDIM. The Psi_t that their theorem is about agrees to second order, with
    ``(1 - alpha_t)^2 / (4 (1 - alpha_{t+1}))`` before the difference and ``s_{t+1}`` at a point mapped back from Y_t,
    for a second evaluation. A point mass is preserved exactly.
    """

    order = 2

    def transport(self, flow: Flow, bundle: Array, schedule: NoiseSchedule) -> Array:
        clock = SigmaClock()
        before, gap_before = None, 1.0
        for start, end in schedule.transitions():
            length = clock.length(start, end)
            noise = clock.slope(bundle, flow(bundle, start), start)
            scale = np.sqrt(end.alpha_bar)
            bundle = np.sqrt(end.alpha_bar / start.alpha_bar) * bundle
            bundle += scale * length * noise
            if before is not None:
                correction = np.arctan(length / (1.0 + start.sigma * end.sigma)) - start.alpha_bar * length
                bundle += scale * (correction / gap_before) * (noise - before)
            before, gap_before = noise, start.tau_above(end)
        return bundle
