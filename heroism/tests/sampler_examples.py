"""One or more examples of every sampler that ``heroism.samplers`` exports; the contract test runs them all.

A new sampler adds a line here and nothing else. ``keeps`` names what it maps to itself exactly, at any step size:
"noise", the law N(0, I) (its output is its input), or "point", a point mass.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heroism.noise import log_snr_schedule
from heroism.samplers import (
    AcceleratedOde,
    ComposedHeroism,
    Ddim,
    Ddpm,
    DpmFast,
    Euler,
    ExponentialAdams,
    ExponentialRungeKutta,
    GradientEstimation,
    Heroism,
    HeunPlus,
    Ipndm,
    Picard,
    Piloted,
    RandomisedMidpoint,
    RungeKutta,
    Sampler,
    UniPC,
)
from heroism.samplers.exponential_runge_kutta import SCHEMES
from heroism.tests.small_targets import PLANE


@dataclass(frozen=True)
class Example:
    """``measures_order`` is False where one path does not show it: another test then shows it."""

    sampler: Sampler
    name: str
    keeps: str = "nothing"
    measures_order: bool = True


def decided(sampler: Piloted) -> Sampler:
    """What a pilot run on a mixture in the plane makes of the sampler."""
    schedule = log_snr_schedule(9, 1e-3, 0.99)
    starts = PLANE.sample(sampler.pilots, schedule.start, np.random.default_rng(0))
    return sampler.decide(PLANE.score, schedule, starts).sampler


EXAMPLES = [
    Example(Euler(), "euler"),
    Example(Ddim(), "ddim", keeps="point"),
    Example(Ddpm(), "ddpm", measures_order=False),
    Example(AcceleratedOde(), "accelerated", keeps="point"),
    Example(RandomisedMidpoint(seed=3), "randomised midpoint", measures_order=False),
    Example(Picard(sweeps=3, window=5), "picard in windows"),
    Example(Picard(sweeps=20), "picard whole"),
    Example(RungeKutta("heun", "sigma"), "heun in sigma", keeps="point"),
    Example(RungeKutta("heun"), "heun", keeps="noise"),
    Example(RungeKutta("heun", "time"), "heun in time", keeps="noise"),
    Example(RungeKutta("rk4", "time"), "rk4 in time", keeps="noise"),
    Example(RungeKutta("rk23"), "rk23", keeps="noise"),
    Example(RungeKutta("rk4"), "rk4", keeps="noise"),
    Example(RungeKutta("rk45"), "rk45", keeps="noise"),
    Example(RungeKutta("dop853", "sigma"), "dop853 in sigma", keeps="point"),
    *(Example(ExponentialAdams(k, prediction), f"adams {k} {prediction}", keeps="point")
      for k in range(1, 7) for prediction in ("data", "noise")),
    Example(ExponentialAdams(3, startup="growing"), "adams 3 growing", keeps="point"),
    Example(ExponentialAdams(4, "noise", "growing", "sigma"), "lms", keeps="point"),
    Example(ExponentialAdams(3, "noise", "growing", "vp"), "deis in vp", keeps="point"),
    Example(RungeKutta("heun", "flow"), "heun in flow", keeps="point"),
    *(Example(ExponentialRungeKutta(method, prediction), f"{method} {prediction}",
              keeps="nothing" if method == "lawson4" else "point")
      for method in SCHEMES for prediction in ("data", "noise")),
    Example(Ipndm(), "ipndm", keeps="point"),
    Example(Ipndm(1), "ipndm 1", keeps="point"),
    Example(GradientEstimation(), "gradient estimation", keeps="point"),
    Example(GradientEstimation(1.5), "gradient estimation 3/2", keeps="point"),
    Example(HeunPlus(), "heun++", keeps="point"),
    Example(DpmFast(), "dpm fast", keeps="point", measures_order=False),
    *(Example(UniPC(p, prediction), f"unipc {p} {prediction}", keeps="point")
      for p in range(1, 6) for prediction in ("data", "noise")),
    *(Example(UniPC(p, "data", variant), f"unipc {p} {variant}", keeps="point")
      for p in (1, 2) for variant in ("bh1", "bh2")),
    Example(UniPC(4, startup="growing"), "unipc 4 growing", keeps="point"),
    *(Example(Heroism(k, "auto", refinement_constant=2.0), f"heroism {k}") for k in range(1, 7)),
    Example(Heroism(3, 2), "heroism 3, 2 refinements"),
    Example(Heroism(3, 3, "gauss_legendre"), "heroism gauss-legendre"),
    Example(Heroism(4, 8, "chebyshev"), "heroism chebyshev"),
    Example(ComposedHeroism(), "composed"),
    *(Example(ComposedHeroism(1, 1, "gauss_radau", clock="log_snr", prediction="data", predictor="interpolant",
                              memory=m, guess_points=m), f"composed memory {m}", keeps="point") for m in (2, 3)),
    Example(ComposedHeroism(2, 3, "gauss_lobatto", clock="log_snr", prediction="noise"), "composed noise"),
    *(Example(ComposedHeroism(4, 4, "gauss_lobatto", sweep, clock="log_snr", prediction="velocity", data_std=1.0),
              f"composed {sweep}", keeps="noise") for sweep in ("picard", "gauss_seidel", "lu")),
    *(Example(decided(ComposedHeroism.frugal(memory=m, startup="collocation")), f"frugal {m}")
      for m in (1, 2, 3, 4, 5)),
    Example(ComposedHeroism.frugal(points=2, refinements=2, memory=2, startup="collocation", placement="clock"),
            "frugal, two points", keeps="noise"),
    Example(decided(ComposedHeroism.frugal()), "frugal", measures_order=False),
    Example(decided(ComposedHeroism.parallel(points=3, refinements=3)), "parallel 3"),
    Example(ComposedHeroism.chebyshev(), "chebyshev"),
    Example(ComposedHeroism.growing(), "growing degree", measures_order=False),
]
