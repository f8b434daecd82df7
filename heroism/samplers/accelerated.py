"""The accelerated ODE sampler: DDIM and a difference of two successive noise predictions."""

from __future__ import annotations

import numpy as np

from heroism.flow import Flow
from heroism.noise import Array, NoiseSchedule
from heroism.samplers.base import Sampler
from heroism.samplers.pf_ode import CLOCKS


class AcceleratedOde(Sampler):
    """Second order from one evaluation per transition (2403.03852), in its one-evaluation form in noise predictions.

    With ``y = x / sqrt(alpha_bar)``, ``E = -sqrt(tau) s`` and ``D_t = sigma_{t-1} - sigma_t``, DDIM is
    ``y_{t-1} = y_t + D_t E_t``; this is

        ``y_{t-1} = y_t + D_t (E_t + D_t / (2 D_{t+1}) (E_t - E_{t+1}))``

    The first step is DDIM. The paper's Psi_t has the same form in ``1 - alpha_t`` and ``s_t``: there the difference
    carries ``(1 - alpha_t)^2 / (4 (1 - alpha_{t+1}))``, and ``s_{t+1}`` is taken at a point mapped back from Y_t, for a
    second evaluation. A point mass is preserved exactly.
    """

    order = 2

    def evaluations(self, steps: int) -> int:
        return steps - 1

    def rounds(self, steps: int) -> int:
        return steps - 1

    def transport(self, flow: Flow, bundle: Array, schedule: NoiseSchedule) -> Array:
        clock = CLOCKS["sigma"]
        before, length_before = None, 1.0
        for start, end in schedule.transitions():
            length = clock.length(start, end)
            noise = clock.slope(bundle, flow(bundle, start), start)
            change = length * np.sqrt(end.alpha_bar)
            bundle = np.sqrt(end.alpha_bar / start.alpha_bar) * bundle
            bundle += change * noise
            if before is not None:
                bundle += (0.5 * change * length / length_before) * (noise - before)
            before, length_before = noise, length
        return bundle
