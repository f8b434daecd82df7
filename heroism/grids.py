"""Noise levels under the names that people know them by: karras, sgm_uniform, beta, kl_optimal, flow ...

``sigma = sqrt(tau / alpha_bar)``. Every grid has T levels, T - 1 transitions. The libraries that they come from place
n levels and go on from the last one to zero noise; that is ``end="zero"`` (in floating point tau = 1e-30), n = T - 1.
With ``end="sigma_min"`` the last level is the smallest of the model's instead, where the law still has a density
whatever the data: the grid itself is placed on all T levels where it ends there, and where it does not, its own zero is
replaced. By default the model is Stable Diffusion's, sigma from 14.6 to 0.029.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from scipy.special import betaincinv, expit

from heroism.errors import InputError, positive, require, whole_number
from heroism.noise import Array, NoiseSchedule, a_count

SIGMA_MIN, SIGMA_MAX = 0.0291671582, 14.6146412293  # of Stable Diffusion 1, 2 and XL
ENDS = ("sigma_min", "zero")
ZERO = 1e-30  # tau that stands for none
PURE_NOISE = 1e-10  # alpha_bar that stands for none: of less, the data prediction loses all digits in double precision
# Of 2404.14507, as published with the paper (sigmas, the last one to be replaced by zero).
ALIGNED: dict[str, tuple[float, ...]] = {
    "sd1": (14.6146412293, 6.4745760956, 3.8636745985, 2.6946151520, 1.8841921177, 1.3943805092, 0.9642583904,
            0.6523686016, 0.3977456272, 0.1515232662, 0.0291671582),
    "sdxl": (14.6146412293, 6.3184485287, 3.7681790315, 2.1811480769, 1.3405244945, 0.8620721141, 0.5550693289,
             0.3798540708, 0.2332364134, 0.1114188177, 0.0291671582),
    "svd": (700.0, 54.5, 15.886, 7.977, 4.248, 1.789, 0.981, 0.403, 0.173, 0.034, 0.002)}


@cache
def trained_sigmas() -> Array:
    """The 1000 noise levels of Stable Diffusion, by timestep: ``sqrt(beta)`` linear from .00085 to .012 (squares)."""
    alpha_bar = np.cumprod(1.0 - np.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2)
    sigmas = np.sqrt((1.0 - alpha_bar) / alpha_bar)
    sigmas.setflags(write=False)
    return sigmas


def karras(steps: int, sigma_min: float = SIGMA_MIN, sigma_max: float = SIGMA_MAX, rho: float = 7.0,
           end: str = "sigma_min") -> NoiseSchedule:
    """Uniform in ``sigma^(1/rho)`` (2206.00364, eq. 5; ``get_sigmas_karras`` of k-diffusion)."""
    power = 1.0 / positive("rho", rho, "give a positive number (7 is the usual choice)")
    return _between("karras", steps, sigma_min, sigma_max, end,
                    lambda u, low, high: (high**power + u * (low**power - high**power)) ** rho)


def exponential(steps: int, sigma_min: float = SIGMA_MIN, sigma_max: float = SIGMA_MAX,
                end: str = "sigma_min") -> NoiseSchedule:
    """Uniform in log sigma (``get_sigmas_exponential``); with end = sigma_min the same as log_snr."""
    return polyexponential(steps, sigma_min, sigma_max, 1.0, end)


def polyexponential(steps: int, sigma_min: float = SIGMA_MIN, sigma_max: float = SIGMA_MAX, rho: float = 1.0,
                    end: str = "sigma_min") -> NoiseSchedule:
    """``log sigma`` linear in the power rho of the time that is left (``get_sigmas_polyexponential``)."""
    power = positive("rho", rho)
    return _between("polyexponential", steps, sigma_min, sigma_max, end,
                    lambda u, low, high: low * (high / low) ** ((1.0 - u) ** power))


def kl_optimal(steps: int, sigma_min: float = SIGMA_MIN, sigma_max: float = SIGMA_MAX,
               end: str = "sigma_min") -> NoiseSchedule:
    """Uniform in ``arctan sigma`` (2404.14507, theorem 3.1: optimal for N(0, 1)); the cosine schedule's even times."""
    return _between("kl_optimal", steps, sigma_min, sigma_max, end,
                    lambda u, low, high: np.tan((1.0 - u) * np.arctan(high) + u * np.arctan(low)))


def dilated(steps: int, middle: float = 0.5, tau_min: float = 0.01) -> NoiseSchedule:
    """``alpha = sqrt(alpha_bar)`` even in two halves: up to ``middle`` in the first half of the steps, on to the noise
    variance ``tau_min`` in the second. With middle = 1/2 denoising goes on by a constant amount; with a constant over
    sqrt(d) time is dilated where modes of R^d separate (2501.00988). Pure noise is alpha_bar = 1e-10.

    Raises InputError for T < 3, or a middle that is not between the ends.
    """
    count = a_count(steps)
    require(0.0 < tau_min < 1.0, "tau_min", tau_min, "give a number between 0 and 1")
    ends = np.sqrt([PURE_NOISE, 1.0 - tau_min])
    require(ends[0] < middle < ends[1], "middle", middle, f"give a number between {ends[0]:.3g} and {ends[1]:.3g}")
    alpha = np.interp(np.linspace(0.0, 1.0, count), [0.0, 0.5, 1.0], [ends[0], middle, ends[1]])[::-1]
    return NoiseSchedule(alpha**2, (1.0 - alpha) * (1.0 + alpha), f"dilated({middle:g})")


def laplace(steps: int, sigma_min: float = SIGMA_MIN, sigma_max: float = SIGMA_MAX, centre: float = 0.0,
            width: float = 0.5, end: str = "sigma_min") -> NoiseSchedule:
    """Quantiles of a Laplace law of ``log sigma`` (2407.03297; ComfyUI's ``laplace``), cut off at both ends."""
    spread = positive("width", width)

    def placed(u: Array, low: float, high: float) -> Array:
        middle = 0.5 - u
        quantiles = centre - spread * np.sign(middle) * np.log1p(1e-5 - 2.0 * np.abs(middle))
        return np.clip(np.exp(quantiles), low, high)

    return _between("laplace", steps, sigma_min, sigma_max, end, placed)


def vp(steps: int, beta_d: float = 19.9, beta_min: float = 0.1, eps_s: float = 1e-3,
       end: str = "sigma_min") -> NoiseSchedule:
    """Uniform in the time of the variance-preserving SDE with linear beta (2011.13456; ``get_sigmas_vp``), from 1 to
    ``eps_s``.
    """
    slope, least = positive("beta_d", beta_d), positive("beta_min", beta_min)
    require(0.0 < eps_s < 1.0, "eps_s", eps_s, "give a time between 0 and 1")
    low, high = (float(np.sqrt(np.expm1(0.5 * slope * t * t + least * t))) for t in (eps_s, 1.0))

    def placed(u: Array, low: float, high: float) -> Array:
        t = 1.0 + u * (eps_s - 1.0)
        return np.sqrt(np.expm1(0.5 * slope * t * t + least * t))

    return _between("vp", steps, low, high, end, placed)


def align_your_steps(steps: int, model: str = "sd1", end: str = "sigma_min") -> NoiseSchedule:
    """The optimised levels of "sd1", "sdxl" or "svd" (2404.14507), between them linear in log sigma; with end = zero
    the last one is replaced.
    """
    require(model in ALIGNED, "model", model, f"choose one of {', '.join(ALIGNED)}")
    logs = np.log(ALIGNED[model])
    count = a_count(steps)
    sigmas = np.exp(np.interp(np.linspace(0.0, 1.0, count), np.linspace(0.0, 1.0, len(logs)), logs))
    return _finished(f"align_your_steps({model})", sigmas[:-1], _end(end, sigmas[-1]))


def normal(steps: int, end: str = "sigma_min") -> NoiseSchedule:
    """Even timesteps of the trained table, both ends included (ComfyUI's ``normal``; "linspace" in diffusers)."""
    own = a_count(steps) - (end == "zero")
    sigmas = _at_timesteps(np.linspace(999.0, 0.0, own))
    return _finished("normal", sigmas if end == "zero" else sigmas[:-1], _end(end, sigmas[-1]))


def sgm_uniform(steps: int, end: str = "sigma_min") -> NoiseSchedule:
    """Even timesteps of the trained table, all but the last (ComfyUI's ``sgm_uniform``)."""
    return _of_table("sgm_uniform", _at_timesteps(np.linspace(999.0, 0.0, a_count(steps))[:-1]), end)


def simple(steps: int, end: str = "sigma_min") -> NoiseSchedule:
    """Entries of the trained table, from the largest on (ComfyUI's ``simple``; "trailing" in diffusers)."""
    count = a_count(steps) - 1
    return _of_table("simple", trained_sigmas()[[-1 - int(i * 1000 / count) for i in range(min(count, 1000))]], end)


def ddim_uniform(steps: int, end: str = "sigma_min") -> NoiseSchedule:
    """Every so many entries of the trained table, from the smallest on (ComfyUI's ``ddim_uniform``; "leading" in
    diffusers). Whole strides make not every number of levels; one that they do not make is refused.
    """
    count = a_count(steps) - 1
    made = {len(range(1, 1000, stride)): stride for stride in range(1000, 0, -1)}
    near = min(made, key=lambda known: abs(known - count))
    require(count in made, "T", steps, f"no whole stride makes so many levels; take {near + 1}")
    return _of_table("ddim_uniform", trained_sigmas()[1 :: made[count]][::-1], end)


def beta(steps: int, alpha: float = 0.6, beta: float = 0.6, end: str = "sigma_min") -> NoiseSchedule:
    """Quantiles of a beta law over the trained timesteps (2407.12173; ComfyUI's ``beta``; beta57 is .5, .7). Where two
    would be the same, those who run it make fewer steps than they were asked for; here they are asked for as many as
    make T - 1. Raises InputError where no number does.
    """
    count, powers = a_count(steps) - 1, (positive("alpha", alpha), positive("beta", beta))
    least = 0 if end == "zero" else 1  # timestep 0 is sigma_min itself
    for asked in range(count, 1000):
        quantiles = betaincinv(*powers, 1.0 - np.linspace(0.0, 1.0, asked, endpoint=False))
        chosen = np.unique(np.rint(quantiles * 999.0).astype(int))[::-1]
        chosen = chosen[chosen >= least]
        if len(chosen) == count:
            return _of_table("beta", trained_sigmas()[chosen], end)
    raise InputError("T", steps, "the quantiles of the beta law make no such number of levels; take fewer")


def linear_quadratic(steps: int, threshold: float = 0.025, end: str = "sigma_min") -> NoiseSchedule:
    """Half of the steps take the first share ``threshold`` of sigma evenly, the others the rest, quadratically (Mochi;
    ``linear_quadratic`` of ComfyUI).
    """
    count = a_count(steps) - 1
    require(0.0 < threshold < 1.0, "threshold", threshold, "give a number between 0 and 1")
    even = count // 2
    rest = count - even
    square = (even - threshold * count) / (even * rest**2)
    slope = threshold / even - 2.0 * square * even
    i = np.arange(count)
    done = np.where(i < even, i * threshold / even, square * i**2 + slope * i + square * even**2)
    return _of_table("linear_quadratic", trained_sigmas()[-1] * (1.0 - done), end)


def flow(steps: int, shift: float = 1.0, terminal: float | None = None, timesteps: int = 1000,
         end: str = "sigma_min") -> NoiseSchedule:
    """Flow matching, ``x = (1 - s) X_0 + s Z``: s even from 1 to ``1 / timesteps``, then shifted, ``shift s / (1 +
    (shift - 1) s)`` (2403.03206, eq. 23; ``FlowMatchEulerDiscreteScheduler``), then stretched so that it ends at
    ``terminal``, if that is given. s = 1 is pure noise: alpha_bar = 1e-10 stands for none.

    A shift that depends on the size of the image is ``exp(mu)`` with mu linear in it (:func:`dynamic_shift`).
    """
    factor, count = positive("shift", shift), a_count(steps) - (end == "zero")
    least = 1.0 / whole_number("timesteps", timesteps, 2)
    require(terminal is None or 0.0 < terminal < 1.0, "terminal", terminal, "give a number between 0 and 1, or none")
    even = np.linspace(1.0, least, count)
    shares = factor * even / (1.0 + (factor - 1.0) * even)
    if terminal is not None:
        shares = 1.0 - (1.0 - shares) * (1.0 - terminal) / (1.0 - shares[-1])
    sigmas = flow_sigmas(shares)
    name = f"flow(shift={shift:g}{'' if terminal is None else f', terminal={terminal:g}'})"
    return _finished(name, sigmas if end == "zero" else sigmas[:-1], _end(end, sigmas[-1]))


def bong_tangent(steps: int, pivot: float = 0.6, slope: float = 0.2, end: str = "sigma_min") -> NoiseSchedule:
    """Two arctangents of flow matching's s, from 1 to 1/2 in the first share ``pivot`` of the levels and on to zero in
    the rest, steepest where they meet (``bong_tangent`` of RES4LYF, ``slope`` as there at 40 steps). With end =
    sigma_min the last s is 1/1000, the smallest of :func:`flow`.
    """
    count = a_count(steps) + 1
    require(0.0 < pivot < 1.0, "pivot", pivot, "give a number between 0 and 1")
    sharp, early = 40.0 * positive("slope", slope) / count, int(count * pivot)
    require(1 < early < count - 1, "pivot", pivot, "leave two levels on either side of it")

    def branch(length: int, steepest: int, high: float, low: float) -> Array:
        curve = np.arctan(sharp * (steepest - np.arange(length)))
        return np.asarray(low + (high - low) * (curve - curve[-1]) / (curve[0] - curve[-1]))

    shares = np.append(branch(early, early, 1.0, 0.5)[:-1], branch(count - early, 0, 0.5, 0.0))
    return _finished("bong_tangent", flow_sigmas(shares[:-1]), _end(end, float(flow_sigmas([1e-3])[0])))


def dynamic_shift(tokens: float, few: float = 256, many: float = 4096, low: float = 0.5, high: float = 1.15) -> float:
    """The shift ``exp(mu)`` for so many image tokens, mu linear from ``low`` at ``few`` to ``high`` at ``many``; the
    defaults are those of the pipelines of Flux.
    """
    return float(np.exp(low + (high - low) * (positive("tokens", tokens) - few) / (many - few)))


def flow_sigmas(shares: Sequence[float] | Array) -> Array:
    """``sigma = s / (1 - s)`` of flow matching's s in [0, 1]; that of 1 is where alpha_bar is 1e-10."""
    s = np.asarray(shares, float)
    with np.errstate(divide="ignore"):
        return np.minimum(s / (1.0 - s), PURE_NOISE**-0.5)


def from_sigmas(name: str, sigmas: Array) -> NoiseSchedule:
    """Falling sigmas, zero at the end allowed, as a schedule."""
    with np.errstate(divide="ignore"):
        half_log_snr = np.clip(-np.log(sigmas[::-1]), 0.5 * np.log(PURE_NOISE), -0.5 * np.log(ZERO))
    return NoiseSchedule(expit(2.0 * half_log_snr), expit(-2.0 * half_log_snr), name)


def _at_timesteps(timesteps: Array) -> Array:
    """Between whole ones linear in log sigma."""
    table = trained_sigmas()
    return np.exp(np.interp(timesteps, np.arange(len(table)), np.log(table)))


def _between(name: str, steps: int, sigma_min: float, sigma_max: float, end: str,
             placed: Callable[[Array, float, float], Array]) -> NoiseSchedule:
    """``placed(u, low, high)`` are the levels at u from 0, the noisiest, to 1."""
    low, high = positive("sigma_min", sigma_min), positive("sigma_max", sigma_max)
    require(low < high, "sigma_min", sigma_min, f"must be below sigma_max = {sigma_max:g}")
    sigmas = placed(np.linspace(0.0, 1.0, a_count(steps) - (end == "zero")), low, high)
    return _finished(f"{name}({low:.4g}, {high:.4g})", sigmas if end == "zero" else sigmas[:-1], _end(end, low))


def _of_table(name: str, sigmas: Array, end: str) -> NoiseSchedule:
    return _finished(name, sigmas, _end(end, float(trained_sigmas()[0])))


def _end(end: str, smallest: float) -> float:
    require(end in ENDS, "end", end, f"choose one of {', '.join(ENDS)}")
    return 0.0 if end == "zero" else smallest


def _finished(name: str, sigmas: Array, last: float) -> NoiseSchedule:
    whole = np.append(sigmas, last)
    require(bool(np.all(np.diff(whole) < 0.0)), "T", len(whole), f"two levels of {name} would be the same; take fewer")
    return from_sigmas(name + (" to zero" if last == 0.0 else ""), whole)
