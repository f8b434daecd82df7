"""The inverse of a sampler's map, and with it the sampler's exact output density at any point."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heroism.flow import Flow
from heroism.noise import Array, NoiseSchedule
from heroism.samplers.base import Sampler
from heroism.targets.base import Target
from heroism.transport import BLOCK_BYTES, TargetScore

TRIES = 40
ACCURACY = 1e-13  # of a preimage, relative to the position and to the width of the noise
GOOD_ENOUGH = 1e-7  # relative to the width of the noise, where round-off in a steep map allows no better


@dataclass(frozen=True)
class Images:
    """Of n starting points: where they end (n, dim), the Jacobian (n, dim, dim), or its diagonal (n, dim), and its
    log volume (n,)."""

    positions: Array
    jacobian: Array
    log_volume: Array


class Map:
    """The map of a deterministic sampler from its starting points to its output."""

    def __init__(self, sampler: Sampler, score: TargetScore, schedule: NoiseSchedule):
        self.sampler, self.score, self.schedule = sampler, score, schedule
        self.diagonal = score.target.jacobian == "diagonal"

    def __call__(self, z: Array) -> Images:
        """Images of z (n, dim); results do not depend on how they are divided into blocks."""
        target: Target = self.score.target
        tangents = 1 if self.diagonal else target.dim
        blocks = max(1, -(-len(z) * 8 * (1 + tangents) * target.dim // BLOCK_BYTES))
        parts = [self._block(part, tangents) for part in np.array_split(z, min(blocks, max(1, len(z))))]
        return Images(*(np.concatenate(each) for each in zip(*parts, strict=True)))

    def _block(self, z: Array, tangents: int) -> tuple[Array, Array, Array]:
        bundle = np.empty((1 + tangents, *z.shape))
        bundle[0] = z
        bundle[1:] = 1.0 if self.diagonal else np.eye(z.shape[1])[:, None, :]
        with np.errstate(all="ignore"):  # a trial may lie where the sampler diverges
            end = self.sampler.transport(Flow(self.score), bundle, self.schedule)
            if self.diagonal:
                return end[0], end[1], np.sum(np.log(np.abs(end[1])), axis=1)
            jacobian = end[1:].transpose(1, 2, 0)
            return end[0], jacobian, np.linalg.slogdet(jacobian)[1]

    def preimages(self, y: Array, guess: Array) -> tuple[Array, Array, Array]:
        """z with ``Map(z) = y`` (n, dim), the log volume there (n,), and the misses ``Map(z) - y`` (n,) in l2.

        Damped Newton iteration from ``guess`` (n, dim), each particle on its own.

        Raises
        ------
        ArithmeticError : a particle for which it does not converge: the map folds there, or takes no point near the
        guess to y.
        """
        z, width = guess.copy(), np.sqrt(self.schedule.end.tau)
        images = self(z)
        volume, step, damping = images.log_volume, self._newton(images, y), np.ones(len(z))
        miss = np.linalg.norm(images.positions - y, axis=1)
        goal = ACCURACY * (width + np.linalg.norm(y, axis=1))
        for _ in range(TRIES):
            active = np.flatnonzero((miss > goal) & (damping > 1e-3))
            if not len(active):
                break
            trial = z[active] + damping[active, None] * step[active]
            images = self(trial)
            new = np.linalg.norm(images.positions - y[active], axis=1)
            better = new < miss[active]
            damping[active] *= np.where(better, 2.0, 0.25)
            np.minimum(damping, 1.0, out=damping)
            kept = active[better]
            z[kept], volume[kept], miss[kept] = trial[better], images.log_volume[better], new[better]
            step[kept] = self._newton(images, y[active])[better]
        lost = int(np.sum(~(miss < GOOD_ENOUGH * width + goal)))
        if lost:
            raise ArithmeticError(f"{lost} of {len(y)} end points have no preimage near their path: the maps that are "
                                  "compared are too different, or not one to one")
        return z, volume, miss

    def _newton(self, images: Images, y: Array) -> Array:
        gap = y - images.positions
        with np.errstate(all="ignore"):
            if self.diagonal:
                return gap / images.jacobian
            return np.asarray(np.linalg.solve(images.jacobian, gap[:, :, None])[:, :, 0], dtype=float)
