"""The words of a binary linear code, exactly."""

from __future__ import annotations

from functools import cached_property, lru_cache

import numpy as np
from scipy.linalg import hadamard
from scipy.special import logsumexp

from heroism.errors import nonnegative
from heroism.noise import Array, NoiseLevel
from heroism.targets.base import Target
from heroism.targets.linear_codes import Half, generator_of, halves

WORKSPACE = 192 * 1024  # bytes of the weights of a window's words
FEWEST = 8  # particles in a window, for which the words are read once
LEAST_LOG = -700.0  # of a double
AT_ONCE = 6  # bits of a Walsh-Hadamard transform that are one matrix product


class LinearCode(Target):
    """Uniform on the 2^k points of {-1, 1}^d whose signs are the words of a binary linear code [d, k], blurred by
    N(0, v I).

    Exact, and no model: posterior mean and covariance of the word are sums over all words. They factor over a trellis
    of two sections: the halves of a word are independent given the state that they share, so a forward and a backward
    pass over ``2^k1 + 2^k2`` half words do, k1, k2 < k (2 times 2^11 for RM(2,5), 2 times 2^16 for RM(2,6), whose words
    are 2^16 and 2^22). Weights are kept in logs, by state; sums over half words are Walsh-Hadamard transforms, since a
    product of two coordinates is a character of the code.

    Every word is like every other. For a word c the reflection ``x -> c x`` (coordinate by coordinate) maps the code to
    itself, so ``p_tau(c x) = p_tau(x)`` and ``s(c x) = c s(x)`` at every level. A sampler is linear in its state and in
    scores, so its map F commutes with these reflections, ``F(c z) = c F(z)``; hence ``q(c y) = q(y)`` from a start law
    that is invariant, as p_T and N(0, I) are, and ``1 - p/q`` takes the same values on the paths of the basin of any
    word. The joint total variation is therefore that over the paths of one basin, and paths from anywhere show it.

    The rate is ``R = (k / d) log 2``; the posterior settles on one word near the capacity of the channel with inputs
    +-1, which for R up to about 0.35 is nearly ``1/2 log(1 + SNR) = R``.

    Parameters
    ----------
    code : hamming ([8, 4], extended), golay ([24, 12], extended), or Reed-Muller: rm14 = [16, 5], rm24 = [16, 11], rm25
        = [32, 16], rm26 = [64, 22].
    variance : v >= 0.

    Raises
    ------
    InputError : an unknown code, one of too many words, a negative variance.
    """

    def __init__(self, code: str = "golay", variance: float = 0.0):
        self.generator = generator_of(code)
        self.variance = nonnegative("variance", variance)
        self.bits, self.dim = self.generator.shape
        self.halves = halves(self.generator)
        self.multiplicity = np.ones(self.dim, dtype=int)

    @property
    def rate(self) -> float:
        """R, the log of the number of words over d."""
        return float(self.bits / self.dim * np.log(2.0))

    def words(self) -> Array:
        """(2^k, d) all words, +-1."""
        messages = (np.arange(2**self.bits)[:, None] >> np.arange(self.bits)) & 1
        return np.asarray(1.0 - 2.0 * ((messages @ self.generator) & 1))

    def sample(self, n: int, level: NoiseLevel, rng: np.random.Generator) -> Array:
        words = 1.0 - 2.0 * ((rng.integers(2, size=(n, self.bits)) @ self.generator) & 1)
        return np.sqrt(level.alpha_bar) * words + np.sqrt(self._spread(level)) * rng.standard_normal(words.shape)

    def log_density(self, x: Array, level: NoiseLevel) -> Array:
        spread, signal = self._spread(level), np.sqrt(level.alpha_bar)
        miss = np.sum((np.abs(x) - signal) ** 2, axis=1) / spread  # from the nearest of all 2^d sign vectors
        constant = self.bits * np.log(2.0) + 0.5 * self.dim * np.log(2.0 * np.pi * spread)
        return np.concatenate([logsumexp(sum(_Section(half, part * signal / spread).log_mass for half, part in
                                             zip(self.halves, self._parts(x[window]), strict=True)), axis=1)
                               for window in self._windows(len(x))]) - 0.5 * miss - constant

    def score(self, bundle: Array, level: NoiseLevel) -> Array:
        spread, signal = self._spread(level), np.sqrt(level.alpha_bar)
        out = bundle * (-1.0 / spread)
        for window in self._windows(bundle.shape[1]):
            mean, covariance = self._posterior(bundle[0, window] * (signal / spread), len(bundle) > 1)
            out[0, window] += (signal / spread) * mean
            if len(bundle) > 1:
                covariance *= level.alpha_bar / spread**2
                out[1:, window] += (bundle[1:, window].transpose(1, 0, 2) @ covariance).transpose(1, 0, 2)
        return out

    def _spread(self, level: NoiseLevel) -> float:
        return level.alpha_bar * self.variance + level.tau

    def _windows(self, n: int) -> list[slice]:
        step = max(FEWEST, WORKSPACE // (8 * max(half.wrong.shape[1] for half in self.halves)))
        return [slice(first, first + step) for first in range(0, n, step)]

    def _parts(self, x: Array) -> tuple[Array, Array]:
        place = self.halves[0].states.shape[1]
        return x[:, :place], x[:, place:]

    def _posterior(self, pull: Array, second: bool) -> tuple[Array, Array]:
        """Mean (n, d) and, if asked for, covariance (n, d, d) of words that weigh ``exp(pull . c)``, pull (n, d)."""
        sections = [_Section(half, part) for half, part in zip(self.halves, self._parts(pull), strict=True)]
        states = sections[0].log_mass + sections[1].log_mass
        states -= states.max(axis=1, keepdims=True)
        np.exp(states, out=states)
        states /= states.sum(axis=1, keepdims=True)
        given = [section.means() for section in sections]  # (n, l, states)
        mean = np.concatenate([(each @ states[:, :, None])[:, :, 0] for each in given], axis=1)
        if not second:
            return mean, np.empty(0)
        first, other = (section.products(states) for section in sections)
        across = (given[0] * states[:, None, :]) @ given[1].transpose(0, 2, 1)
        covariance = np.block([[first, across], [across.transpose(0, 2, 1), other]])
        covariance -= mean[:, :, None] * mean[:, None, :]
        return mean, covariance


class _Section:
    """One section of the trellis: what half words weigh, given the state.

    ``log_mass`` (n, states): log of the sum, over a state's half words u, of ``exp(pull . u - sum |pull|)``.
    """

    def __init__(self, half: Half, pull: Array):
        self.half = half
        objections = np.concatenate([np.maximum(pull, 0.0), np.maximum(-pull, 0.0)], axis=1)
        logits = (objections @ half.wrong).reshape(len(pull), 2 ** len(half.free), 2 ** len(half.states))
        logits *= -2.0  # all terms have one sign: nothing cancels
        largest = logits.max(axis=1, keepdims=True)
        logits -= largest
        np.maximum(logits, LEAST_LOG, out=logits)  # numbers that underflow are slow
        self._weights = np.exp(logits, out=logits)
        self._mass = self._weights.sum(axis=1, keepdims=True)
        self.log_mass = (largest + np.log(self._mass))[:, 0]

    @cached_property
    def characters(self) -> Array:
        """(n, 2^a, states) means of the characters of the free part, given the state."""
        return _walsh(self._weights) / self._mass

    def means(self) -> Array:
        """(n, l, states) means of the half words given the state."""
        return self.half.signs * self.characters[:, self.half.columns[0]]

    def products(self, states: Array) -> Array:
        """(n, l, l) means of the products of two coordinates, given the states' posterior (n, states)."""
        weighted = self.characters * states[:, None, :]
        table = _walsh(weighted.reshape(-1, states.shape[1], 1)).reshape(weighted.shape)
        free, state = self.half.columns
        return table[:, free[:, None] ^ free, state[:, None] ^ state]


def _walsh(x: Array) -> Array:
    """The Walsh-Hadamard transform along the middle axis, of 2^b: ``sum_v x_v (-1)^(u . v)`` at every u."""
    size, inner = x.shape[1:]
    done, out = 1, x
    while done < size:
        some = min(size // done, 2**AT_ONCE)
        matrix, trailing = _hadamard(some), done * inner
        out = out.reshape(-1, some) @ matrix if trailing == 1 else matrix @ out.reshape(-1, some, trailing)
        done *= some
    return out.reshape(x.shape)


@lru_cache
def _hadamard(size: int) -> Array:
    return np.asarray(hadamard(size), dtype=float)
