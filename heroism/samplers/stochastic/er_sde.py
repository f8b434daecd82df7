"""ER-SDE-Solver: the reverse SDE with a freely chosen noise scale."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.polynomial.legendre import leggauss

from heroism.errors import require, whole_number
from heroism.noise import Array, NoiseLevel, NoiseSchedule
from heroism.samplers.stochastic.recursion import STATE, Combine, Evaluate, Operation, Recursion, Step

QUADRATURE = 48
SCALES = {
    "default": lambda s: s * (np.exp(s**0.3) + 10.0),  # the paper's choice, "ER SDE 5"
    "sde": lambda s: s * s,
    "ode": lambda s: s,
}


class ErSde(Recursion):
    """ER-SDE-Solver-1, 2, 3 (2309.06169), in ``y = x / sqrt(alpha_bar)`` and sigma, with the noise scale phi:

        ``y' = r y + (1 - r) D + [sigma' - sigma + phi' I_0] D_1 + [(sigma' - sigma)^2 / 2 + phi' I_1] D_2
        + sqrt(sigma'^2 - r^2 sigma^2) Z``,
        ``r = phi' / phi``, ``I_k = int_{sigma'}^{sigma} (s - sigma)^k / phi(s) ds``,

    D the data prediction, D_1 and D_2 its differences over sigma. "sde" (phi = sigma^2) is the reverse SDE, whose first
    order is DDPM; "ode" (phi = sigma) adds no noise, and its first order is DDIM.

    Raises
    ------
    InputError : an order outside 1..3, an unknown scale.
    """

    def __init__(self, order: int = 3, scale: str = "default"):
        self.points = whole_number("order", order, 1)
        require(self.points <= 3, "order", order, "give an order of at most 3")
        require(scale in SCALES, "scale", scale, f"choose one of {', '.join(SCALES)}")
        self.scale, self.stochastic = scale, scale != "ode"

    @property
    def order(self) -> int:  # type: ignore[override]
        return min(self.points, 2)

    def steps(self, schedule: NoiseSchedule) -> Iterator[Step]:
        before: list[NoiseLevel] = []
        for i, (start, end) in enumerate(schedule.transitions()):
            newest, older, oldest = (f"data {(i - j) % 3}" for j in range(3))
            operations: list[Operation] = [Evaluate(newest, STATE, start, "data")]
            weights, deviation = self._first_order(start, end, newest)
            if self.points > 1 and before:
                gap = start.sigma - before[-1].sigma
                self._add(weights, {newest: 1.0 / gap, older: -1.0 / gap}, self._gain(start, end, 0), end)
                if self.points > 2 and len(before) > 1:
                    gap_before = before[-1].sigma - before[-2].sigma
                    half = 0.5 * (start.sigma - before[-2].sigma)
                    second = {newest: 1.0 / (gap * half), older: -(1.0 / gap + 1.0 / gap_before) / half,
                              oldest: 1.0 / (gap_before * half)}
                    self._add(weights, second, self._gain(start, end, 1), end)
            before.append(start)
            yield Step(start, end, (*operations, Combine(STATE, weights, deviation)))

    def _first_order(self, start: NoiseLevel, end: NoiseLevel, newest: str) -> tuple[dict[str, float], float]:
        root = float(np.sqrt(end.alpha_bar))
        ratio = float(self._phi(np.array(end.sigma)) / self._phi(np.array(start.sigma)))
        weights = {STATE: root / float(np.sqrt(start.alpha_bar)) * ratio, newest: root * (1.0 - ratio)}
        if not self.stochastic:
            return weights, 0.0
        relative = ratio * start.sigma / end.sigma
        return weights, root * end.sigma * float(np.sqrt(max(0.0, (1.0 - relative) * (1.0 + relative))))

    def _gain(self, start: NoiseLevel, end: NoiseLevel, power: int) -> float:
        """The bracket before D_1 (power 0) or D_2 (power 1), as one integral from sigma' to sigma of
        ``(s - sigma)^power (phi' / phi(s) - 1)``.
        """
        points, rule = leggauss(QUADRATURE)
        length = start.sigma - end.sigma
        s = end.sigma + 0.5 * length * (1.0 + points)
        integrand = (s - start.sigma) ** power * (self._phi(np.array(end.sigma)) / self._phi(s) - 1.0)
        return float(0.5 * length * (rule @ integrand))

    def _phi(self, sigma: Array) -> Array:
        return np.asarray(SCALES[self.scale](sigma))

    @staticmethod
    def _add(weights: dict[str, float], difference: dict[str, float], gain: float, end: NoiseLevel) -> None:
        for name, weight in difference.items():
            weights[name] = weights.get(name, 0.0) + float(np.sqrt(end.alpha_bar)) * gain * weight
