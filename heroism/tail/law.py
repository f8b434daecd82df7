"""The start law ``tail``: starting points of those paths that carry the error, with exact weights."""

from __future__ import annotations

import numpy as np

from heroism.errors import require, whole_number
from heroism.memory import fingerprint, remembered
from heroism.noise import Array, NoiseSchedule
from heroism.starts import BoundLaw, StartLaw, Starts, start_law
from heroism.tail.importance import UNSEEN, Importance
from heroism.tail.proposal import Proposal, parts_for
from heroism.tail.ways import climb, scout, scout_levels
from heroism.targets.base import Target

PILOTS = 2048
PILOT_SEED = 17
LEAST_SHARE = 0.3
ENOUGH, IMPOSSIBLE, ROUND_OFF = 100, 6.0, 1e-6  # weights, standard errors, and what is below all of them


class Tail(StartLaw):
    """Draws from another law than the nominal one, so that few paths tell what many would: the estimand is the same.

    In most runs on targets with several modes a thin layer of starting points, around those where paths part, carries
    the whole total variation. Its paths *end* a few standard deviations off a mode. So ends are drawn from a mixture
    ``g(y) = sum_k a_k p_k(y)`` of the target and wider laws (noisier versions of it; modes moved towards their
    neighbours), carried up to the largest noise level by the probability-flow ODE with its Jacobian, and weighted
    there: ``w = p_T(z) |det dz/dy| / g(y)`` is exact whatever the accuracy of the steps, as long as their map is one to
    one.

    For every starting point ``candidates`` ends are drawn and looked at along a rough path up; one of them is chosen,
    its chance a constant (whatever the path does not show is seen as often as ``g`` shows it) plus its worth
    (:class:`heroism.tail.importance.Importance`) times ``p / g``; and its weight is multiplied by the mean chance over
    its own. Starting points stay independent and weights exact.

    The shares a_k and the scales of the worth come from a pilot run on the target, made once. A starting point takes
    ``candidates`` times 48 score evaluations and 400 with its Jacobian, for a span of 9 in half-log-SNR; they depend on
    target, levels and seed alone, and are shared by all samplers and by all steps of a ladder between the same levels.

    Parameters
    ----------
    nominal : "exact" or "gaussian", the law whose output the sampler is judged by.
    candidates : ends that are looked at for every starting point.

    Raises
    ------
    InputError : another nominal law, candidates < 1; and when bound to a target, one with independent copies.
    """

    def __init__(self, nominal: str = "exact", candidates: int = 16):
        require(nominal in ("exact", "gaussian"), "nominal", nominal, "choose exact or gaussian")
        self.nominal, self.candidates = nominal, whole_number("candidates", candidates, 1)

    def check(self, target: Target, stochastic: bool) -> None:
        require(target.copies == 1, "start", "tail", "a target with independent copies is followed from the nodes of "
                "one of them, which leave nothing to chance: take exact or gaussian")
        require(not target.partial, "start", "tail", "the paths that are followed are those to one part of the law: "
                "take exact")
        require(not stochastic, "start", "tail", "a stochastic sampler has no densities that its weights could go "
                "with: take exact or gaussian")

    def on(self, target: Target, schedule: NoiseSchedule) -> BoundLaw:
        self.check(target, stochastic=False)
        return _BoundTail(self, target, schedule)


class _BoundTail(BoundLaw):
    def __init__(self, law: Tail, target: Target, schedule: NoiseSchedule):
        super().__init__(target, schedule)
        self.law, self.nominal_law = law, start_law(law.nominal).on(target, schedule)
        self.levels = scout_levels(schedule)
        self._fingerprint = fingerprint(target, schedule)

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        return self.nominal_law.sample(n, rng)

    def log_density(self, z: Array) -> Array:
        return self.nominal_law.log_density(z)

    def reach(self) -> tuple[float, float]:
        return self.nominal_law.reach()

    def draw(self, n: int, rng: np.random.Generator) -> Starts:
        seed = rng.integers(2**63, size=4)  # of a stream of its own: what is drawn next does not depend on the cache
        key = (self._fingerprint, self.law.nominal, self.law.candidates, n, tuple(seed.tolist()))
        return remembered(key, lambda: self._draw(n, np.random.default_rng(seed)))

    def _draw(self, n: int, rng: np.random.Generator) -> Starts:
        proposal, importance = remembered(self._fingerprint, self._pilot)
        size = self.law.candidates
        candidates = proposal.groups(n, size, rng)
        log_parts = proposal.log_parts(candidates)
        log_proposal = proposal.log_density(log_parts)
        worth = np.exp(log_parts[0] - log_proposal) * importance(scout(self.target, candidates, self.levels))
        chance = (worth + UNSEEN).reshape(n, size)
        total = np.cumsum(chance, axis=1)
        place = (total < rng.random((n, 1)) * total[:, -1:]).sum(axis=1)
        chosen = np.arange(n) * size + place
        z, log_volume = climb(self.target, candidates[chosen], self.schedule)
        log_density = self.log_density(z)
        log_chosen = log_proposal[chosen] - log_volume + np.log(chance.ravel()[chosen] / (total[:, -1] / size))
        log_weights = log_density - log_chosen
        _check_mass(np.exp(log_weights))
        return Starts(z, log_density, log_weights)

    def _pilot(self) -> tuple[Proposal, Importance]:
        """Shares and scales, the same for every seed."""
        rng, parts = np.random.default_rng(PILOT_SEED), parts_for(self.target, self.schedule.end)
        even = Proposal(parts, np.full(len(parts), 1.0 / len(parts)))
        y = even.groups(1, PILOTS, rng)
        log_parts = even.log_parts(y)
        ratio = np.exp(log_parts[0] - even.log_density(log_parts))
        paths = scout(self.target, y, self.levels)
        importance = Importance.over(self.levels, paths, ratio)
        return even.reshared(log_parts, ratio * importance(paths), LEAST_SHARE), importance


def _check_mass(weights: Array) -> None:
    """The mean of the weights is one, unless something is wrong with a density, or with the way up."""
    n = len(weights)
    off = abs(float(weights.mean()) - 1.0)
    if n >= ENOUGH and off > IMPOSSIBLE * float(weights.std()) / np.sqrt(n) + ROUND_OFF:
        raise ArithmeticError(f"the weights of {n} starting points have a mean of {weights.mean():.4g} instead of 1: "
                              "the target's samples and densities do not belong together, or its flow folds on the "
                              "way up; take start=exact")
