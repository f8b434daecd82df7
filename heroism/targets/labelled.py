"""Mixtures whose components carry labels: the law of one label, among the whole."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from heroism.errors import require, whole_number
from heroism.targets.gaussian_mixture import GaussianMixture
from heroism.targets.mixtures.parameters import check_weights


class LabelledMixture(GaussianMixture):
    """The components of one label of a Gaussian mixture: ``p(x | label)``, in the coordinates of the whole.

    Parameters
    ----------
    means, covariances, weights : of the whole mixture, as in :class:`GaussianMixture`.
    labels : (m,) whole numbers, of the components. label : the one that is asked for.

    Attributes
    ----------
    whole : the mixture of all components. share : the weight of the label in it.

    Raises
    ------
    InputError : as GaussianMixture; other labels, or one that no weight belongs to.
    """

    def __init__(self, means: ArrayLike, covariances: ArrayLike, labels: Sequence[int], label: int = 0,
                 weights: ArrayLike | None = None):
        self.whole = GaussianMixture(means, covariances, weights)
        count = len(self.whole.means)
        given = np.array([whole_number("labels", one, 0) for one in labels])
        require(len(given) == count, "labels", list(labels), f"give {count} whole numbers, one per component")
        mine = check_weights(weights, count) * (given == whole_number("label", label, 0))
        self.share = float(mine.sum())
        require(self.share > 0.0, "label", label, f"choose one of {', '.join(map(str, np.unique(given)))}")
        super().__init__(means, covariances, mine / self.share)
