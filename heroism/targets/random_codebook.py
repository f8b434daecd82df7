"""A random codebook of exponentially many words, of which one is followed."""

from __future__ import annotations

from heroism.errors import positive
from heroism.noise import NoiseLevel
from heroism.targets.random_tree import RandomTree


class RandomCodebook(RandomTree):
    """The planted model of a random codebook: one codeword c, and the mean of the crowd of all others.

    A codebook is ``exp(-R d) sum_i N(c_i, v I)`` over ``M = exp(R d)`` words ``c_i ~ N(0, I_d)``: what a perfectly
    trained diffusion model memorises of M training points. Near capacity, log-SNR with ``1/2 log(1 + SNR) = R``, the
    posterior jumps from "any word" to one word, within a window of order 1/d in log-SNR in which the Jacobian of the
    score has a norm of order d. In the planted model (random energy model) the word c, ``|c|^2 = d``, is kept and the
    sum over the others is replaced by its mean over their draw:

        ``p_tau(x) = exp(-R d) N(x; sqrt(abar) c, (abar v + tau) I) + (1 - exp(-R d)) N(x; 0, (abar + tau) I)``.

    Exact: everything that is said of this p, at any d and R, weights in logs; two reduced coordinates, that along c and
    the radius of the other d - 1. A model: that p stands for a codebook. At the transition only few other words matter,
    so their sum does not average out there. Linear codes (d = 8 to 64) and explicit random words (d = 6 to 14) were
    measured to need 0.7 to 1.1 times its T with lost paths counted, 1.1 to 1.7 times uncounted, under DDIM and Heun's
    method, and 1.0 to 1.6 times under an exponential Adams method of order 3; the factors do not grow with d.

    What a run follows of it, and when a path is lost, is said of :class:`heroism.targets.RandomTree`.

    Parameters
    ----------
    dim : d, from 2 to 10^6.
    rate : R > 0, log of the number of words over d.
    variance : v, of the words; below ``exp(-2 R)``, for the words to be told apart.

    Raises
    ------
    InputError : d, rate or variance out of range.
    """

    def __init__(self, dim: int, rate: float = 1.0, variance: float = 1e-6):
        self.rate = positive("rate", rate)
        super().__init__(dim, [self.rate], [1.0], variance)

    @property
    def transition(self) -> NoiseLevel:
        """The level at which the posterior settles on the word."""
        return self.critical[0]
