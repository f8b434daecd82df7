"""A random codebook whose words are the leaves of a tree, of which one is followed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from heroism.errors import nonnegative, positive, require, whole_number
from heroism.noise import Array, NoiseLevel, NoiseSchedule
from heroism.targets.mixtures import IsotropicComponents, Mixture

LARGEST_DIM = 1_000_000
SCATTER, FINE = 4.0, 0.8  # half-log-SNR in which paths jump, in 1/sqrt(d); steps that follow a jump, in 1/d
GROWTH, COARSE = 0.3, 0.09  # of steps with the distance from there; the longest


class RandomTree(Mixture):
    """The planted model of a hierarchy of modes: one word, and the mean of all others at every branching of the tree.

    A word is ``c = c_1 + ... + c_L``, the sum of the nodes on its way from the root; node l is one of ``exp(R_l d)``
    draws of N(0, s_l I_d) that hang from the same node l - 1 (an ultrametric tree, the generalised random energy
    model). With less and less noise the posterior settles on one node after the other, at the level with

        ``1/2 log((abar S_l + tau) / (abar S_{l+1} + tau)) = R_l``,  ``S_l = s_l + ... + s_L``, ``S_{L+1} = v``,

    each time in a window of order 1/d in log-SNR, in which the Jacobian of the score has a norm of order d. In the
    model one word is kept, ``|c_l|^2 = s_l d``, the c_l orthogonal, and the sum over words that leave its way after
    node l is replaced by its mean over their draw: one Gaussian, ``N(sqrt(abar) (c_1 + ... + c_l), (abar S_{l+1} + tau)
    I)``, for each l = 0..L - 1.

    Exact: everything that is said of this law, at any d, weights in logs; the reduced coordinates are those along the
    c_l and the radius of the other d - L. A model: that it stands for a codebook, as of
    :class:`heroism.targets.RandomCodebook`, its case L = 1.

    Nearly all the mass is the crowd's, which stands for other words. So a run follows the paths that end at the word
    (``partial``): all words being alike, the total variation of the codebook is the mean of ``(1 - p/q)_+`` over them.
    A path that a sampler takes off the word ends in the crowd, where p is larger than q; in a codebook it would end
    between words, where p is next to nothing. It is lost, and counts 1.

    Parameters
    ----------
    dim : d, at most 10^6, more than L.
    rates : (L,) positive, logs of the numbers of branches over d.
    spreads : (L,) positive, s_l; they sum to E |X_0|^2 / d.
    variance : v, of the words; small enough for the words to be told apart.

    Raises
    ------
    InputError : numbers out of range, words that overlap, or nodes that are told apart before those they hang from.
    """

    partial = True

    def __init__(self, dim: int, rates: Sequence[float] = (0.35, 0.35), spreads: Sequence[float] = (0.8, 0.2),
                 variance: float = 1e-6):
        self.rates, self.spreads = (np.array([positive(name, value) for value in values]) for name, values in
                                    (("rates", rates), ("spreads", spreads)))
        self.variance, depth = nonnegative("variance", variance), len(self.rates)
        require(len(self.spreads) == depth > 0, "spreads", list(spreads), "give one for each of the rates")
        d = whole_number("d", dim, depth + 1)
        require(d <= LARGEST_DIM, "d", dim, f"a random codebook has at most {LARGEST_DIM} dimensions")
        below = np.append(np.cumsum(self.spreads[::-1])[::-1], self.variance)  # S_1 .. S_{L + 1}
        self.critical = _transitions(self.rates, below)
        means = np.tril(np.tile(np.sqrt(self.spreads * d), (depth + 1, 1)), -1)  # row l: c_1 + ... + c_l
        log_weights = -d * np.append(0.0, np.cumsum(self.rates))
        log_weights[:-1] += np.log(-np.expm1(-self.rates * d))
        shell = d - depth
        words = IsotropicComponents(np.exp(log_weights), np.column_stack([means, np.zeros(depth + 1)]), below, shell)
        words.log_weights = log_weights  # the weight of one word underflows
        super().__init__(words, shell=shell)

    def sample_part(self, n: int, level: NoiseLevel, rng: np.random.Generator) -> Array:
        return self._word.sample(n, level, rng)

    def in_part(self, x: Array, level: NoiseLevel) -> NDArray[np.bool_]:
        ours = self._word.log_density(x, level) + self.components.log_weights[-1]
        return np.asarray(ours > self.log_density(x, level) - np.log(2.0))

    def part_levels(self, schedule: NoiseSchedule) -> NoiseSchedule:
        """Fine where paths jump: windows of a few 1/sqrt(d) around the transitions, in steps of a fraction of 1/d."""
        d, critical = self.ambient_dim, np.array([level.half_log_snr for level in self.critical])
        require(schedule.end.half_log_snr > critical[-1], "schedule", f"an end at tau = {schedule.end.tau:.3g}",
                f"words of these rates are told apart below tau = {self.critical[-1].tau:.3g}; end there")
        found, goal = [schedule.end.half_log_snr], schedule.start.half_log_snr
        while found[-1] > goal:
            outside = max(0.0, float(np.abs(found[-1] - critical).min()) - SCATTER / np.sqrt(d))
            found.append(found[-1] - min(COARSE, FINE / d + GROWTH * outside))
        levels = [NoiseLevel.from_half_log_snr(value) for value in found[1:-1] if value > goal]
        levels = [schedule.end, *levels, schedule.start]
        return NoiseSchedule(np.array([level.alpha_bar for level in levels]), np.array([level.tau for level in levels]))

    @property
    def _word(self) -> IsotropicComponents:
        all_of_them = self.components
        return IsotropicComponents(np.ones(1), all_of_them.means[-1:], all_of_them.variances[-1:, 0],
                                   int(self.multiplicity[-1]))


def _transitions(rates: Array, below: Array) -> list[NoiseLevel]:
    """The levels at which one node after the other is told apart."""
    found: list[NoiseLevel] = []
    for rate, whole, rest in zip(rates, below[:-1], below[1:], strict=True):
        ratio = np.exp(2.0 * rate)
        require(whole > ratio * rest, "rates", f"{rate:g}", f"nodes of spread {whole:.3g} overlap: take a rate below "
                f"{0.5 * np.log(whole / rest) if rest > 0.0 else np.inf:.3g} or a smaller variance")
        signal = (ratio - 1.0) / (whole - 1.0 + ratio * (1.0 - rest))
        level = NoiseLevel(signal, (whole - ratio * rest) / (whole - 1.0 + ratio * (1.0 - rest)))
        require(not found or found[-1].tau > level.tau, "rates", rates.tolist(), "a node is told apart before the one "
                "it hangs from: take larger spreads, or smaller rates, first")
        found.append(level)
    return found
