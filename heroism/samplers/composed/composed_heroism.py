"""HEROISM taken apart: every choice of 2506.24042's Algorithm 1 on its own, plus memory, a start-up that keeps the
order, and placed steps.
"""

from __future__ import annotations

from typing import Any

from heroism.errors import InputError, require
from heroism.flow import Flow, Score
from heroism.integrals.clocks import clock as clock_named
from heroism.integrals.predictions import prediction as prediction_named
from heroism.integrals.stages import Method
from heroism.noise import Array, NoiseSchedule
from heroism.samplers.base import Decided, Piloted
from heroism.samplers.composed.pilot import Pilot
from heroism.samplers.composed.placement import even
from heroism.samplers.composed.sampler import Composed
from heroism.samplers.composed.shape import Auto, ByPilot, Shape

_FOCUSED: dict[str, Any] = {"spacing": "gauss_radau", "clock": "focused", "prediction": "velocity",
                            "predictor": "interpolant", "placement": "size", "centre": 0.75,
                            "width": 0.95, "data_std": 1.0}


class ComposedHeroism(Piloted):
    """K points a step, refined N times, through which, and through M earlier ones, a prediction is interpolated.

    The defaults are :class:`Heroism`, to round-off. One new point, one evaluation and memory M are the
    predict-evaluate-correct method that UniPC-M is. :meth:`frugal` and :meth:`parallel` are the combinations found to
    need the fewest evaluations and the fewest rounds.

    Cost. :meth:`evaluations` and :meth:`rounds` charge a pilot run in full to *every* path, although it is made once,
    with 48 paths. With a tolerance, or for a transition, they are the most that may be spent, until :meth:`decide`
    knows the exact figure. The pilot run for a transition walks the sampler's own path: charged is what it takes back
    and what it looks at besides, nothing (but one evaluation, for the size) where it finds no transition.

    Parameters
    ----------
    points, refinements, spacing, refinement_constant : K, N (or "auto"), points and C3, as in :class:`Heroism`.
        K = "auto" is ``ceil(log T)`` up to 12.
    sweep : "picard" (all points at once: one round a refinement), "gauss_seidel" or "lu" (one point after the other).
    clock : "tau", "sigma", "time", "log_snr", or "focused" on the half-log-SNR ``centre`` with ``width``
        (``integrals/clocks.py``).
    prediction : "scaled_score", "noise", "data", or "velocity" for modes of standard deviation ``data_std``; its
        interpolant is integrated exactly against its exponential factor.
    predictor : first values of the points: "copy" of the state, its "linear" flow, or the earlier "interpolant"
        extrapolated, through the last ``guess_points`` evaluated points (by default M + 1, without memory K).
    memory : M >= 0, or "auto": at most 3, from T = 74 on 4, from twice as many on 5, and again 6, but beyond 2 no more
        than is stable (``composed/stability.py``): each point more halves the longest stable step. "piloted": 3, from
        T = 30 on 4, and from 55, 92, 220 and 480 on 5 to 8 (of data prediction from 1.4 times as many), and less from
        where 192 paths that walk the same steps see errors grow (``composed/orders.py``); nothing is charged.
    startup : "collocation" (keeps the order), "ramp" (nearly, for less) or "growing" (``composed/startup.py``); only
        matters with memory.
    placement : "schedule", its levels; "clock", as many levels between the same ends but evenly spaced on the clock;
        "size", on the clock that ``centre`` and ``width`` describe for data of unit size, moved to the size of the data
        at hand, and ``data_std`` with it: one evaluation of a pilot run tells; "embedded", with step sizes that make
        all local errors the same besides: a pilot run of 9 even steps finds the difference between predictor and
        corrector. Both are decided once, the same for all particles. Measured on mixtures (d = 2, 4, 64), spheres and
        digits, for the same total variation from 1e-2 to 1e-6 "embedded" takes 6 to 68 evaluations more than "size": it
        never gains more than the 9 it costs. "slopes" is "size", and from T = 30 on 6 evaluations of a pilot run decide
        ``data_std`` besides, by the mean slope of the denoised point (``composed/pilot.py``): as it is for data in one
        piece, 0.3 of that for modes, 0 for points. "transition" is "size", and from T = 16 on a pilot run of 192 paths
        walks the same steps and adds windows of short ones where the denoised point jumps between two levels
        (``composed/transition.py``); memory is at most 2 from the first of them on.
    overlap : begin every step one round after the one before, from what is then known of its start: W steps take
        W + N - 1 rounds. Only for Picard sweeps over points none of which lies at the start of a step.
    tolerance : stop refining a step when its points move by less than this share of their root mean square. Decided
        once, on the pilot's paths, then the same for all particles: the result does not depend on blocks.

    Raises
    ------
    InputError : an unknown name; K, N, M or guess_points out of range; K = "auto" with memory; size or embedded
        without the focused clock and the velocity prediction; overlap of steps that cannot.
    """

    def __init__(self, points: int | Auto = 3, refinements: int | Auto = "auto", spacing: str = "equispaced",
                 sweep: str = "picard", refinement_constant: float = 1.5, clock: str = "tau", centre: float = 0.5,
                 width: float = 1.0, prediction: str = "scaled_score", data_std: float = 0.3, predictor: str = "copy",
                 memory: int | Auto | ByPilot = 0, guess_points: int | None = None, startup: str = "collocation",
                 placement: str = "schedule", overlap: bool = False, tolerance: float | None = None):
        require(not overlap or tolerance is None, "overlap", overlap, "steps that overlap are all refined N times: "
                "leave the tolerance out")
        self.pilot = Pilot(placement, tolerance, memory == "piloted")
        focused = clock == "focused" and prediction == "velocity"
        require(focused or not self.pilot.scouts, "placement", placement,
                "a pilot run chooses a focused clock and a velocity prediction: ask for both")
        method = Method(clock_named(clock, centre, width), prediction_named(prediction, data_std))
        shape = Shape(points, refinements, spacing, sweep, refinement_constant, predictor, memory, guess_points,
                      startup)
        walks = (shape.points, shape.refinements, shape.spacing) == (1, 1, "gauss_radau") and not overlap
        for name, value, walked in (("placement", placement, "transition"), ("memory", memory, "piloted")):
            require(value != walked or (walks and tolerance is None), name, value,
                    "paths walk in single steps: only for one gauss_radau point and one evaluation a step, without "
                    "overlap or tolerance")
        require(placement != "transition" or memory != "piloted", "memory", memory, "windows decide it: take auto")
        self.undecided = Composed(method, shape, None if placement == "schedule" else even, overlap)

    @classmethod
    def frugal(cls, **changes: Any) -> ComposedHeroism:
        """Fewest evaluations: one new point and one evaluation a step, memory growing with log T, focused clock.

        One evaluation of a pilot run fits clock and ``data_std`` to the size of the data.
        """
        return cls(**_FOCUSED | {"points": 1, "refinements": 1, "memory": "auto", "startup": "ramp"} | changes)

    @classmethod
    def piloted(cls, **changes: Any) -> ComposedHeroism:
        """Fewest evaluations at small errors, whatever the data: :meth:`frugal` with more memory, as much as a pilot
        run finds stable, and with a prediction that it finds to suit the data. For 7 evaluations from T = 30 on.
        """
        return cls.frugal(**dict[str, Any](placement="slopes", memory="piloted") | changes)

    @classmethod
    def adaptive(cls, **changes: Any) -> ComposedHeroism:
        """One preset for all families: :meth:`frugal` where its even steps resolve the flow, and where they do not, as
        on codebooks, with windows of short steps around the transitions, that a pilot run finds.
        """
        return cls.frugal(**dict[str, Any](placement="transition") | changes)

    @classmethod
    def parallel(cls, **changes: Any) -> ComposedHeroism:
        """Fewest rounds: wide steps of 9 points that overlap, each begun from the interpolant of the one before.

        T - 1 steps take T - 2 + N rounds, N = ceil(6.5 log T), and one for the size of the data.
        """
        return cls(**_FOCUSED | {"points": 9, "refinement_constant": 6.5, "guess_points": 2, "overlap": True,
                                 "width": 0.7, "data_std": 0.35} | changes)

    @classmethod
    def chebyshev(cls, **changes: Any) -> ComposedHeroism:
        """Chebyshev-Lobatto points refined by Gauss-Seidel sweeps, all else as in the paper: in the style of
        2606.10353, of which only the abstract was available. There K may grow like log T: ``points="auto"``.
        """
        return cls(**dict[str, Any](points=4, spacing="chebyshev", sweep="gauss_seidel") | changes)

    @classmethod
    def growing(cls, **changes: Any) -> ComposedHeroism:
        """Collocation whose degree grows like log T, refined all at once: in the style of 2601.10708, of which only
        the abstract was available.
        """
        return cls(**dict[str, Any](points="auto", spacing="chebyshev") | changes)

    @property
    def order(self) -> int:  # type: ignore[override]
        """Classical order, of the steps after the start-up; for ``points`` or ``memory`` "auto", the highest."""
        return self.undecided.order

    @property
    def pilots(self) -> int:
        return self.pilot.paths

    def evaluations(self, steps: int) -> int:
        path = self.undecided.evaluations(steps)
        return path + self.pilot.most(path, steps)

    def rounds(self, steps: int) -> int:
        path = self.undecided.rounds(steps)
        return path + self.pilot.most(path, steps)

    def decide(self, score: Score, schedule: NoiseSchedule, starts: Array) -> Decided:
        return self.pilot.decide(self.undecided, score, schedule, starts)

    def transport(self, flow: Flow, bundle: Array, schedule: NoiseSchedule) -> Array:
        """Raises InputError where a pilot run has something to decide: transport what :meth:`decide` makes of this."""
        if self.pilots:
            raise InputError("placement" if self.pilot.scouts else "tolerance", "decided by a pilot run",
                             "let transport() make it, or call decide() first")
        return self.undecided.transport(flow, bundle, schedule)
