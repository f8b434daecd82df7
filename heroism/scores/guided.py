"""The score of classifier-free guidance, for a sampler whose output is compared with the law of the label itself."""

from __future__ import annotations

from heroism.described import Described
from heroism.errors import nonnegative, require
from heroism.noise import Array, NoiseLevel
from heroism.targets.base import Target
from heroism.targets.labelled import LabelledMixture


class GuidedScore(Described):
    """``s + w (s_label - s)``, s the score of the whole mixture and s_label that of the label (2207.12598, eq. 6).

    w = 0 forgets the label, w = 1 is exact for it, larger w are guidance. To compare with the tilted law instead, take
    :class:`heroism.targets.tilted.TiltedMixture` as the target: its exact score is the same.

    Parameters
    ----------
    target : a :class:`LabelledMixture`. strength : w >= 0.

    Raises
    ------
    InputError : another target, a negative strength.
    """

    def __init__(self, target: Target, strength: float = 2.0):
        require(isinstance(target, LabelledMixture), "target", type(target).__name__,
                "guidance needs labels: take target=labelled_mixture")
        assert isinstance(target, LabelledMixture)
        self.target, self.strength = target, nonnegative("strength", strength)

    def __call__(self, bundle: Array, level: NoiseLevel) -> Array:
        whole = self.target.whole.score(bundle, level)
        return whole + self.strength * (self.target.score(bundle, level) - whole)
