"""One or more examples of every stochastic sampler; the contract tests run them all.

``keeps_point``: whether a point mass is reached exactly at any step size. ``gaussian_order``: the order on Gaussian
targets, where it differs. ``ladder``: two numbers of levels between which its law on a mixture has about the
declared order.
"""

from __future__ import annotations

from dataclasses import dataclass

from heroism.samplers.stochastic import (
    AcceleratedSde,
    Churn,
    Coefficients,
    DdimEta,
    DpmSde,
    ErSde,
    EulerMaruyama,
    OdeThenNoise,
    PredictorCorrector,
    Recursion,
    Restart,
    SaSolver,
    SdeDpmSolver,
    Seeds,
    StochasticRungeKutta,
    TwoStageAncestral,
)


@dataclass(frozen=True)
class Example:
    sampler: Recursion
    name: str
    keeps_point: bool = True
    gaussian_order: int = 0
    ladder: tuple[int, int] = (49, 97)


EXAMPLES = [
    Example(Coefficients(), "ddpm"),
    Example(Coefficients(variance="forward"), "ddpm, larger variance", keeps_point=False),
    Example(Coefficients(strength=0.5), "half the noise, linear", keeps_point=False),
    Example(Coefficients(strength=0.0), "no noise, linear", keeps_point=False),
    Example(Coefficients("adapted", strength=0.5, excess=0.5), "excess drift", keeps_point=False),
    Example(DdimEta(0.0), "ddim"),
    Example(DdimEta(0.5), "ddim, eta 1/2"),
    Example(EulerMaruyama(), "euler-maruyama", keeps_point=False),
    Example(EulerMaruyama(0.5), "euler-maruyama, strength 1/2", keeps_point=False),
    Example(TwoStageAncestral(), "dpmpp 2s ancestral"),
    Example(TwoStageAncestral("dpm_2", 0.7), "dpm 2 ancestral"),
    Example(SdeDpmSolver(1), "sde-dpm-solver++ 1"),
    Example(SdeDpmSolver(2), "sde-dpm-solver++ 2m midpoint"),
    Example(SdeDpmSolver(2, "heun"), "sde-dpm-solver++ 2m heun"),
    Example(SdeDpmSolver(3), "sde-dpm-solver++ 3m"),
    Example(SdeDpmSolver(2, "midpoint", 0.0), "dpm-solver++ 2m"),
    Example(SaSolver(1), "sa-solver 1"),
    Example(SaSolver(2, 1), "sa-solver 2, corrector 1"),
    Example(SaSolver(3, 3, 0.5), "sa-solver 3, corrector 3"),
    Example(SaSolver(3, 0, 0.0), "sa-solver 3, no noise"),
    Example(SaSolver(2, 2, 0.0), "sa-solver 2, corrector 2, no noise"),
    Example(Churn(10.0), "churn"),
    Example(Churn(10.0, solver="ddim"), "churn of ddim"),
    Example(Churn(0.0), "no churn"),
    Example(OdeThenNoise(), "ddim, then noise"),
    Example(OdeThenNoise(0.5, "heun"), "heun, then noise"),
    Example(Restart(2), "restart"),
    Example(Restart(1, 0.0, 1.0, "ddim"), "restart of the whole path"),
    Example(PredictorCorrector(2), "langevin corrector", keeps_point=False),
    Example(PredictorCorrector(2, 0.5, "underdamped"), "underdamped corrector", keeps_point=False, ladder=(25, 49)),
    Example(ErSde(1), "er-sde 1"),
    Example(ErSde(2), "er-sde 2"),
    Example(ErSde(3), "er-sde 3"),
    Example(ErSde(3, "ode"), "er-sde 3, no noise"),
    Example(Seeds(2), "seeds 2"),
    Example(Seeds(3), "seeds 3", ladder=(97, 193)),
    Example(Seeds(3, 0.0), "seeds 3, no noise"),
    Example(DpmSde(), "dpmpp sde"),
    Example(DpmSde(0.5), "dpmpp sde, eta 1/2"),
    Example(StochasticRungeKutta(), "stochastic runge-kutta"),
    Example(AcceleratedSde(), "accelerated", keeps_point=False, gaussian_order=2),
]
