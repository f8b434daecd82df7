"""A random codebook of exponentially many words, of which one is followed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heroism.errors import nonnegative, positive, require, whole_number
from heroism.noise import Array, NoiseLevel, NoiseSchedule
from heroism.targets.mixtures import IsotropicComponents, Mixture

LARGEST_DIM = 1_000_000
SCATTER, FINE = 6.0, 0.4  # half-log-SNR in which paths jump, in 1/sqrt(d); steps that follow a jump, in 1/d
GROWTH, COARSE = 0.3, 0.09  # of steps with the distance from there; the longest


class RandomCodebook(Mixture):
    """The planted model of a random codebook: one codeword c, and the mean of the crowd of all others.

    A codebook is ``exp(-R d) sum_i N(c_i, v I)`` over ``M = exp(R d)`` words ``c_i ~ N(0, I_d)``: what a perfectly
    trained diffusion model memorises of M training points. Near capacity, log-SNR with ``1/2 log(1 + SNR) = R``, the
    posterior jumps from "any word" to one word, within a window of order 1/d in log-SNR in which the Jacobian of the
    score has a norm of order d. In the planted model (random energy model) the word c, ``|c|^2 = d``, is kept and the
    sum over the others is replaced by its mean over their draw:

        ``p_tau(x) = exp(-R d) N(x; sqrt(abar) c, (abar v + tau) I) + (1 - exp(-R d)) N(x; 0, (abar + tau) I)``.

    Exact: everything that is said of this p, at any d and R, weights in logs; two reduced coordinates, that along c and
    the radius of the other d - 1. A model: that p stands for a codebook. At the transition only few other words matter,
    so their sum does not average out there: codebooks of explicit random points were measured to have 1.2 to 1.9 times
    its total variation, with no growth in d, and the Golay code (d = 24) to need 0 to 25 % more steps.

    Nearly all the mass of p is the crowd's, which stands for other words. So a run follows the paths that end at c
    (``partial``): all words being alike, the total variation of the codebook is the mean of ``(1 - p/q)_+`` over them.
    A path that a sampler takes off c ends in the crowd, where p is larger than q; in a codebook it would end between
    words, where p is next to nothing. It is lost, and counts 1.

    Parameters
    ----------
    dim : d, from 2 to 10^6.
    rate : R > 0, log of the number of words over d.
    variance : v, of the words; below ``exp(-2 R)``, for the words to be told apart.

    Raises
    ------
    InputError : d, rate or variance out of range.
    """

    partial = True

    def __init__(self, dim: int, rate: float = 1.0, variance: float = 1e-6):
        d = whole_number("d", dim, 2)
        require(d <= LARGEST_DIM, "d", dim, f"a codebook has at most {LARGEST_DIM} dimensions")
        self.rate, self.variance = positive("rate", rate), nonnegative("variance", variance)
        closest = np.exp(-2.0 * self.rate)
        require(self.variance < closest, "variance", variance,
                f"words of rate {self.rate:g} overlap: give a number below exp(-2 rate) = {closest:.3g}")
        log_weights = np.array([-self.rate * d, np.log(-np.expm1(-self.rate * d))])
        words = IsotropicComponents(np.exp(log_weights), np.array([[np.sqrt(d), 0.0], [0.0, 0.0]]),
                                    np.array([self.variance, 1.0]), shell=d - 1)
        words.log_weights = log_weights  # the weight of one word underflows
        self.critical = NoiseLevel.from_tau(float((closest - self.variance) / (1.0 - self.variance)))
        super().__init__(words, shell=d - 1)

    def sample_part(self, n: int, level: NoiseLevel, rng: np.random.Generator) -> Array:
        spread = level.alpha_bar * self.variance + level.tau
        x = np.sqrt(spread) * rng.standard_normal((n, 2))
        x[:, 0] += np.sqrt(level.alpha_bar * self.ambient_dim)
        if self.ambient_dim > 2:
            x[:, 1] = np.sqrt(spread * rng.chisquare(self.ambient_dim - 1, n))
        return x

    def in_part(self, x: Array, level: NoiseLevel) -> NDArray[np.bool_]:
        word, crowd = (level.alpha_bar * v + level.tau for v in (self.variance, 1.0))
        radius = x[:, 1] ** 2
        apart = (x[:, 0] - np.sqrt(level.alpha_bar * self.ambient_dim)) ** 2 + radius
        likelihood = (x[:, 0] ** 2 + radius) / crowd - apart / word - self.ambient_dim * np.log(word / crowd)
        return np.asarray(0.5 * likelihood > self.components.log_weights[1] - self.components.log_weights[0])

    def part_levels(self, schedule: NoiseSchedule) -> NoiseSchedule:
        """Fine where paths jump: a window of a few 1/sqrt(d) around the transition, in steps of a fraction of 1/d."""
        critical, d = self.critical.half_log_snr, self.ambient_dim
        require(schedule.end.half_log_snr > critical, "schedule", f"an end at tau = {schedule.end.tau:.3g}",
                f"words of rate {self.rate:g} are told apart below tau = {self.critical.tau:.3g}; end there")
        found, goal = [schedule.end.half_log_snr], schedule.start.half_log_snr
        while found[-1] > goal:
            outside = max(0.0, abs(found[-1] - critical) - SCATTER / np.sqrt(d))
            found.append(found[-1] - min(COARSE, FINE / d + GROWTH * outside))
        levels = [NoiseLevel.from_half_log_snr(value) for value in found[1:-1] if value > goal]
        levels = [schedule.end, *levels, schedule.start]
        return NoiseSchedule(np.array([level.alpha_bar for level in levels]), np.array([level.tau for level in levels]))
