"""Special functions that targets are written in: Bessel ratios, radial laws, and a normal variable in an interval.

Each keeps its digits where textbook formulas cancel or overflow: both ends of the noise, far tails, 10^6 dimensions.
"""

from heroism.special.bessel import BesselRatio, log_shell_density
from heroism.special.radial import log_area, log_radius_density, log_radius_ratio
from heroism.special.truncated_normal import log_mass, moments

__all__ = [
    "BesselRatio",
    "log_area",
    "log_mass",
    "log_radius_density",
    "log_radius_ratio",
    "log_shell_density",
    "moments",
]
