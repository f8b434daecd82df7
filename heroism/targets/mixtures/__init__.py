"""The machinery of targets made of Gaussian components; the laws themselves lie one folder up."""

from heroism.targets.mixtures.components import Components
from heroism.targets.mixtures.diagonal import DiagonalComponents
from heroism.targets.mixtures.full import FullComponents
from heroism.targets.mixtures.isotropic import IsotropicComponents
from heroism.targets.mixtures.mixture import IdenticalCoordinates, Mixture, centred, reduced_isotropic
from heroism.targets.mixtures.words import Words

__all__ = [
    "Components",
    "DiagonalComponents",
    "FullComponents",
    "IdenticalCoordinates",
    "IsotropicComponents",
    "Mixture",
    "Words",
    "centred",
    "reduced_isotropic",
]
