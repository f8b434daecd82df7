"""Probability laws in closed form at every noise level."""

from heroism.targets.base import Target
from heroism.targets.check import check_target
from heroism.targets.codebook import Codebook
from heroism.targets.embedded import Embedded
from heroism.targets.empirical import Empirical
from heroism.targets.gaussian_mixture import GaussianMixture
from heroism.targets.hypercube import Hypercube
from heroism.targets.hypercube_vertices import HypercubeVertices
from heroism.targets.labelled import LabelledMixture
from heroism.targets.linear_code import LinearCode
from heroism.targets.polytopes import CrossPolytope, Simplex
from heroism.targets.product_mixture import ProductMixture, TwoModes
from heroism.targets.random_codebook import RandomCodebook
from heroism.targets.random_tree import RandomTree
from heroism.targets.scale_mixture import ScaleMixture
from heroism.targets.sphere import Circle, Sphere
from heroism.targets.student_t import StudentT
from heroism.targets.torus import Torus
from heroism.targets.truncated_gaussian import TruncatedGaussian

__all__ = [
    "Circle",
    "Codebook",
    "CrossPolytope",
    "Embedded",
    "Empirical",
    "GaussianMixture",
    "Hypercube",
    "HypercubeVertices",
    "LabelledMixture",
    "LinearCode",
    "ProductMixture",
    "RandomCodebook",
    "RandomTree",
    "ScaleMixture",
    "Simplex",
    "Sphere",
    "StudentT",
    "Target",
    "Torus",
    "TruncatedGaussian",
    "TwoModes",
    "check_target",
]
