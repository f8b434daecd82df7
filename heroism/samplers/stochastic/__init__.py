"""Stochastic samplers, each written as a linear recursion; whatever is exported here is held to its declared weak order
and cost by the tests.
"""

from heroism.samplers.stochastic.accelerated import AcceleratedSde
from heroism.samplers.stochastic.ancestral import DdimEta, TwoStageAncestral
from heroism.samplers.stochastic.churn import Churn
from heroism.samplers.stochastic.coefficients import Coefficients
from heroism.samplers.stochastic.er_sde import ErSde
from heroism.samplers.stochastic.euler_maruyama import EulerMaruyama
from heroism.samplers.stochastic.langevin import PredictorCorrector
from heroism.samplers.stochastic.ode_then_noise import OdeThenNoise
from heroism.samplers.stochastic.recursion import Memoryless, Recursion
from heroism.samplers.stochastic.restart import Restart
from heroism.samplers.stochastic.runge_kutta import StochasticRungeKutta
from heroism.samplers.stochastic.sde_multistep import SaSolver, SdeDpmSolver
from heroism.samplers.stochastic.seeds import DpmSde, Seeds

__all__ = ["AcceleratedSde", "Churn", "Coefficients", "DdimEta", "DpmSde", "ErSde", "EulerMaruyama", "Memoryless",
           "OdeThenNoise", "PredictorCorrector", "Recursion", "Restart", "SaSolver", "SdeDpmSolver", "Seeds",
           "StochasticRungeKutta", "TwoStageAncestral"]
