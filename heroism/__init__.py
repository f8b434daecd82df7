"""Closed-form targets, samplers that carry their own Jacobian, and the exact total variation between them.

>>> import heroism as hs
>>> def euler(model, x, sigmas):
...     for now, then in zip(sigmas[:-1], sigmas[1:]):
...         x = x + (then - now) * (x - model(x, now)) / now
...     return x
>>> report = hs.measure(euler, hs.GaussianMixture([[-1.0, 0.0], [1.0, 0.5]], 0.2), steps=[8, 16, 32, 64])
>>> [rung.evaluations for rung in report.rungs]
[8, 16, 32, 64]
>>> hs.testing.assert_order(euler, 1)

Names are imported when they are used; ``dir(heroism)`` lists them.
"""

from importlib import import_module
from typing import Any

__version__ = "0.2.0"

_HOMES = {
    "heroism.targets": ("Circle", "Codebook", "CrossPolytope", "Embedded", "Empirical", "GaussianMixture", "Hypercube",
                        "HypercubeVertices", "LabelledMixture", "LinearCode", "ProductMixture", "RandomCodebook",
                        "RandomTree", "ScaleMixture", "Simplex", "Sphere", "StudentT", "Target", "Torus",
                        "TruncatedGaussian", "TwoModes", "check_target"),
    "heroism.noise": ("NoiseLevel", "NoiseSchedule", "log_snr_schedule", "paper_schedule", "rho_schedule",
                      "uniform_time_schedule"),
    "heroism.tabulated": ("table_schedule",),
    "heroism.samplers": ("AcceleratedOde", "ComposedHeroism", "Ddim", "Ddpm", "DpmFast", "Euler", "ExponentialAdams",
                         "ExponentialRungeKutta", "GradientEstimation", "Heroism", "HeunPlus", "Ipndm",
                         "OneStepSampler", "Picard", "RandomisedMidpoint", "RungeKutta", "Sampler", "UniPC",
                         "focused_schedule", "transition_schedule"),
    "heroism.samplers.stochastic": ("AcceleratedSde", "Churn", "Coefficients", "DdimEta", "DpmSde", "ErSde",
                                    "EulerMaruyama", "OdeThenNoise", "PredictorCorrector", "Restart", "SaSolver",
                                    "SdeDpmSolver", "Seeds", "StochasticRungeKutta", "TwoStageAncestral"),
    "heroism.samplers.external": ("Diffrax", "Diffusers", "DiffusersNoise", "SolveIvp", "as_sampler",
                                  "trained_schedule"),
    "heroism.targets.tilted": ("TiltedMixture",),
    "heroism.scores": ("ExactScore", "GuidedScore", "PerturbedScore", "PulseScore"),
    "heroism.distances": ("Estimate", "histogram_total_variation", "kl", "sliced_wasserstein", "total_variation",
                          "wasserstein"),
    "heroism.rates": ("fit_rate",),
    "heroism.errors": ("InputError",),
    "heroism.report": ("Comparison", "Report", "compare", "measure"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}
_MODULES = ("distances", "grids", "noise", "rates", "samplers", "scores", "targets", "testing", "transport")

__all__ = [*_HOME, *_MODULES]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"heroism.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'heroism' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
