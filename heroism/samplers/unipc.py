"""UniPC, the predictor-corrector whose corrector costs nothing."""

from __future__ import annotations

from heroism.errors import require, whole_number
from heroism.noise import Array
from heroism.samplers.adams import HIGHEST
from heroism.samplers.exponential import ExponentialMultistep, exponential_weights

VARIANTS = ("exact", "bh1", "bh2")


class UniPC(ExponentialMultistep):
    """UniPC-p (2302.04867): predict through the last p points, evaluate there, correct through these and the new point.

    The evaluation at the predicted state serves the corrector and the following steps, so a transition costs one. Order
    p + 1. Nothing is evaluated at the last level, so the last step is the predictor's. A point mass is preserved
    exactly.

    Parameters
    ----------
    points : p in 1..11.
    prediction : "data" or "noise".
    variant : "exact" integrates the interpolant exactly, and so do UniPC's coefficients for any B(h), which cancels.
        "bh1" (B(h) = h) and "bh2" (B(h) = e^h - 1) differ only where the authors set the single coefficient of a
        two-point rule to 1/2: the corrector of p = 1 and the predictor of p = 2.
    startup : "order_keeping", or "growing", the customary one, which leaves the method at order 3.

    Raises
    ------
    InputError : p outside 1..11, an unknown prediction, variant or start-up.
    """

    corrects = True

    def __init__(self, points: int = 3, prediction: str = "data", variant: str = "exact",
                 startup: str = "order_keeping"):
        super().__init__(prediction, startup)
        self.points = whole_number("points", points, 1)
        require(self.points < HIGHEST, "points", points, f"give at most {HIGHEST - 1} points")
        require(variant in VARIANTS, "variant", variant, f"choose one of {', '.join(VARIANTS)}")
        self.variant = variant

    def weights(self, length: float, nodes: tuple[float, ...], rate: float) -> Array:
        if self.variant == "exact" or len(nodes) != 2:
            return super().weights(length, nodes, rate)
        constant = exponential_weights(length, (0.0,), rate)  # e^h - 1, or 1 - e^-h for data prediction
        half = 0.5 * (constant[0] if self.variant == "bh2" else length)
        both = half * length / (nodes[1] - nodes[0])  # on the difference of the two predictions, newer minus older
        return constant * [float(node == 0.0) for node in nodes] + [-both, both]
