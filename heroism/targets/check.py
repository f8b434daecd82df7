"""Whether everything that a target says belongs to one law: run once, in milliseconds, before a target's first run.

Total variation compares a sampler with what the target says of itself, so a wrong target gives a wrong number that
looks fine: halved tangents, for one, a total variation of 0 with standard error 0. Seen are, at three noise levels and
at points drawn there: shapes, types and numbers that are not finite; arguments that are written to; particles that
depend on each other; a score that is not the gradient of the log density; tangent products that are not the derivative
of the score; a "diagonal" Jacobian that is not; a log density whose levels do not belong to one diffusion
(Fokker-Planck equation) or whose normalisation is wrong (it has to be N(0, I)'s in the end); samples of another law.

Not seen are errors below 1e-4 of what they are in; errors where none of the few dozen points lies (a rare mode, a
narrow seam between modes); samples whose widths, or shares of far-apart modes, are wrong by less than a fifth; and,
for a dense Jacobian of more than 32 coordinates, a normalisation that is wrong at some levels but not at full noise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from heroism.errors import InputError, require
from heroism.noise import Array, NoiseLevel
from heroism.targets.base import Target

LEVELS = (NoiseLevel(0.999, 1e-3), NoiseLevel(0.5, 0.5), NoiseLevel(1e-3, 0.999))
FULL_NOISE = NoiseLevel(1e-14, 1.0)
WIDTHS = (0.1, 0.02, 0.004, 0.0008)  # of differences, in lengths over which the noise smooths
POINTS, DRAWS = 16, 1000  # where derivatives are taken, and how many samples are drawn; fewer in many dimensions
NUMBERS = 2**17  # in one array of samples
FEW = 32  # coordinates up to which the whole Jacobian is formed
RELATIVE = 1e-4  # what a derivative by differences, or a target that is not written for round-off, may be off by
STEPS = 6  # of a Metropolis chain: samples of another law have to move far enough to tell
CHANCE = 1e-9  # that the samples of a correct target are called wrong


def check_target(target: Target, levels: Sequence[NoiseLevel] = LEVELS, seed: int = 0) -> None:
    """Check a target's samples, log density, score and tangent products against each other.

    Parameters
    ----------
    target : the target to check, usually a user's own; it may be reduced by symmetry, a product of copies, or neither.
    levels : noise levels to check at; those where a run starts and ends are a good choice.
    seed : of the points and samples; another one looks elsewhere.

    Raises
    ------
    InputError : the first thing found wrong, in one sentence that names the worst point. A correct target is accused
        of wrong samples with probability below 1e-9; nothing else is left to chance but which points are looked at.
    """
    name = _declared(target)
    rng = np.random.default_rng(seed)
    for level in levels:
        probe = _Probe(target, level, name, rng)
        probe.check_shapes()
        probe.check_particles()
        probe.check_score()
        probe.check_tangents()
        probe.check_diffusion()
        probe.check_reach()
        probe.check_samples(tests=len(levels))
    _Probe(target, FULL_NOISE, name, rng).check_full_noise(levels[0])


def differences(f: Callable[[float], Array], length: float, widths: Iterable[float] = WIDTHS) -> tuple[Array, Array]:
    """f'(0) elementwise and how well it is known: differences of sixth order at several widths times ``length``, the
    one where neighbouring widths agree best and their disagreement.
    """
    found = []
    for width in widths:
        h = width * length
        quotients = [(f(k * h) - f(-k * h)) / (2 * k * h) for k in (1, 2, 3)]
        found.append(1.5 * quotients[0] - 0.6 * quotients[1] + 0.1 * quotients[2])
    estimates = np.array(found)
    gaps = np.abs(np.diff(estimates, axis=0))
    best = gaps.argmin(axis=0)[None]
    return np.take_along_axis(estimates, best + 1, axis=0)[0], np.take_along_axis(gaps, best, axis=0)[0]


def shell_pull(target: Target, x: Array) -> Array:
    """(n, dim) gradient of ``target.log_shell`` at x (n, dim)."""
    return (target.multiplicity - 1) / x


def jacobians(target: Target, x: Array, level: NoiseLevel) -> tuple[Array, Array]:
    """Scores (n, dim) and their Jacobians (n, dim, dim) at x (n, dim), by tangents along every axis."""
    tangents = np.broadcast_to(np.eye(target.dim)[:, None, :], (target.dim, *x.shape))
    out = target.score(np.concatenate([x[None], tangents]), level)
    return out[0], np.moveaxis(out[1:], 0, 2)


def diffusion_terms(target: Target, x: Array, score: Array, trace: Array) -> Array:
    """(5, n) terms in R^d whose sum is ``2 alpha_bar d/dtau log p``: ``d + x.s + |s|^2 + tr H`` and, of the shells,
    what the trace of the reduced H (n,) leaves out. The Fokker-Planck equation of ``X_tau``, its level in tau.
    """
    return np.stack([np.full(len(x), float(target.multiplicity.sum())), np.sum(x * score, axis=1),
                     np.sum(score**2, axis=1), trace, np.sum(score * shell_pull(target, x), axis=1)])


def metropolis(target: Target, x: Array, level: NoiseLevel, length: Array, rng: np.random.Generator,
               steps: int) -> tuple[Array, Array]:
    """Positions (n, dim) after this many Metropolis steps from x (n, dim), and what the log density (n,) gained.

    Proposals are Gaussian, of deviation ``length`` (dim,) over root dim. If x has the law of the log density, then
    (x, result) and (result, x) have the same joint law.
    """
    first = density = target.log_density(x, level)
    for _ in range(steps):
        y = x + rng.standard_normal(x.shape) * length / np.sqrt(target.dim)
        inside = np.all((y > 0) | (target.multiplicity == 1), axis=1)
        y = np.where(inside[:, None], y, x)
        there = target.log_density(y, level)
        accepted = np.log(rng.random(len(x))) < there - density
        x, density = np.where(accepted[:, None], y, x), np.where(accepted, there, density)
    return x, density - first


@dataclass
class _Probe:
    """A target at one noise level."""

    target: Target
    level: NoiseLevel
    name: str
    rng: np.random.Generator

    def __post_init__(self) -> None:
        target, self.length = self.target, float(np.sqrt(self.level.tau))
        self.x = self._sample(max(4, min(POINTS, NUMBERS // target.dim)))
        # Differences need room: the log of a radius is rough near zero.
        roomy = ((target.multiplicity == 1) | (np.abs(self.x) > 0.5 * self.length)).all(axis=1)
        self.x = self.x[roomy] if roomy.any() else self.x
        scale = 1.0 / np.sqrt(target.dim)
        self.tangents = scale * self.rng.standard_normal((2, *self.x.shape))
        self.bundle = np.concatenate([self.x[None], self.tangents])

    def check_shapes(self) -> None:
        """Shapes, types and finite numbers; arguments stay as they are."""
        for method, argument in (("log_density", self.x), ("score", self.x[None]), ("score", self.bundle)):
            given = argument.copy()
            result = getattr(self.target, method)(given, self.level)
            what = f"{self.name}.{method}"
            require(np.array_equal(given, argument), what, "a method that writes to its argument", "work on a copy")
            self._require_array(what, result, argument.shape if method == "score" else (len(self.x),))

    def check_particles(self) -> None:
        """No particle depends on another one, no score on the tangents that ride along."""
        whole, density = self.target.score(self.bundle, self.level), self.target.log_density(self.x, self.level)
        alone = self.target.score(self.bundle[:, :1], self.level)
        bare = self.target.score(self.x[None], self.level)[0]
        one = self.target.log_density(self.x[:1], self.level)
        for what, found, expected, remedy in (
                ("log_density", one, density[:1], "a particle's must not depend on the others"),
                ("score", alone[0], whole[0, :1], "a particle's must not depend on the others"),
                ("score", bare, whole[0], "it must not depend on the tangents that ride along")):
            self._compare(what, found, expected, 1e-8 * (1.0 + np.abs(expected)) + 1e-10 / self.length, remedy)

    def check_score(self) -> None:
        """The score is the gradient of ``log_density - log_shell``."""
        dim = self.target.dim
        directions = np.eye(dim) if dim <= 3 else self.rng.standard_normal((3, dim)) / np.sqrt(dim)
        rise = self.target.score(self.x[None], self.level)[0] + shell_pull(self.target, self.x)
        for v in directions:
            found, rough = self._along(v, lambda y: self.target.log_density(y, self.level))
            self._compare("score", rise @ v, found, RELATIVE * np.abs(found) + 1e-5 / self.length,
                          "return the gradient of log_density - log_shell, in this direction the second number", rough)

    def check_tangents(self) -> None:
        """Products with tangents are derivatives of the score; a diagonal Jacobian is one."""
        products = self.target.score(self.bundle, self.level)[1:]
        for v, product in zip(self.tangents, products, strict=True):
            found, rough = self._along(v, lambda y: self.target.score(y[None], self.level)[0])
            allowed = RELATIVE * np.abs(found).max(axis=1, keepdims=True) + 1e-6 / self.level.tau
            self._compare("score, tangent product", product, found, np.broadcast_to(allowed, found.shape),
                          "return in rows 1..p the derivative of the score along each tangent, here the second number",
                          rough)
        if self.target.jacobian == "diagonal":
            diagonal = self.target.score(np.stack([self.x, np.ones_like(self.x)]), self.level)[1]
            for v, product in zip(self.tangents, products, strict=True):
                self._compare("score, tangent product", product, diagonal * v, 1e-8 / self.level.tau + 1e-8 * np.abs(v),
                              'its jacobian is "diagonal", so it must be the diagonal times the tangent')

    def check_diffusion(self) -> None:
        """The log density changes with the level as that of ``X_tau`` does."""
        target, level = self.target, self.level
        if target.jacobian == "diagonal":
            score, diagonal = target.score(np.stack([self.x, np.ones_like(self.x)]), level)
            trace = diagonal.sum(axis=1)
        elif target.dim <= FEW:
            score, matrices = jacobians(target, self.x, level)
            trace = np.einsum("nii->n", matrices)
        else:
            return
        terms = diffusion_terms(target, self.x, score, trace)
        expected = terms.sum(axis=0) / (2.0 * level.alpha_bar)

        def shifted(step: float) -> Array:
            return target.log_density(self.x, NoiseLevel(level.alpha_bar - step, level.tau + step))

        found, rough = differences(shifted, min(level.tau, level.alpha_bar))
        allowed = RELATIVE * np.abs(expected) + 1e-5 * np.sqrt(terms[0]) / level.tau \
            + 1e3 * np.finfo(float).eps * np.abs(terms).sum(axis=0) / level.alpha_bar
        self._compare("log_density, derivative in tau", found, expected, allowed,
                      "it must be the law of sqrt(alpha_bar) X_0 + sqrt(tau) Z, normalised, at every level: the second "
                      "number", rough)

    def check_reach(self) -> None:
        """One of several copies has its mass where it says."""
        if self.target.copies == 1:
            return
        low, high = self.target.reach(self.level)
        count = int(min(1e5, 8.0 + 4.0 * (high - low) / self.length))
        grid = np.linspace(low, high, count)
        mass = float(np.sum(np.exp(self.target.log_density(grid[:, None], self.level))) * (grid[1] - grid[0]))
        require(abs(mass - 1.0) < RELATIVE, f"mass of {self.name} in reach at tau = {self.level.tau:g}", mass,
                "normalise log_density, and let reach hold all but 1e-18")

    def check_samples(self, tests: int) -> None:
        """Metropolis steps on the log density leave the law of the samples alone.

        Whatever f, ``f(end) - f(x)`` has a symmetric law then, so the sum over its root of squares exceeds t with
        probability at most ``2 exp(-t^2 / 2)`` (Hoeffding, given the sizes): no moment is needed, no sample too small.
        """
        target, dim = self.target, self.target.dim
        aside = self._sample(64)
        centre, deviation = np.median(aside, axis=0), aside.std(axis=0) + self.length
        kept = self.rng.permutation(dim)[:64]
        waves = self.rng.standard_normal((3, dim)) / np.sqrt(dim)
        places = ["log_density", *(f"coordinate {axis}" for axis in kept), *(f"square of coordinate {axis}"
                  for axis in kept), *(f"wave {i + 1}" for i in range(len(waves)))]
        lengths = (1.5 * deviation, np.full(dim, self.length))
        limit = np.sqrt(2.0 * np.log(2.0 * tests * len(lengths) * len(places) / CHANCE))
        x = self._sample(max(32, min(DRAWS, NUMBERS // dim)))
        for length in lengths:
            y, gain = metropolis(target, x, self.level, length, self.rng, STEPS)
            u, v = ((z - centre) / length for z in (x, y))
            changes = np.concatenate([gain[:, None], (v - u)[:, kept], (v**2 - u**2)[:, kept],
                                      np.sin(v @ waves.T) - np.sin(u @ waves.T)], axis=1)
            z = np.abs(changes.sum(axis=0)) / np.sqrt(np.sum(changes**2, axis=0) + 1e-300)
            worst = int(z.argmax())
            require(z[worst] <= limit, f"{self.name}.sample at tau = {self.level.tau:g}, {places[worst]}",
                    f"{len(x)} draws of another law than log_density ({z[worst]:.0f} standard errors)",
                    "let both be the law of sqrt(alpha_bar) X_0 + sqrt(tau) Z")

    def check_full_noise(self, cleanest: NoiseLevel) -> None:
        """In the end the law is N(0, I), constants included, but for ``sqrt(alpha_bar) E[X_0] . x`` and less."""
        target, level, x = self.target, self.level, self.x
        size = np.linalg.norm(target.sample(POINTS, cleanest, self.rng), axis=1).max()
        norm = np.linalg.norm(x, axis=1)
        allowed = 1e-6 + 1e-9 * norm + 10.0 * np.sqrt(level.alpha_bar) * (1.0 + size) * (1.0 + norm)
        density, remedy = target.log_density_gaussian(x), "normalise it: X_tau tends to N(0, I), the second number"
        self._compare("log_density", target.log_density(x, level), density, allowed + 1e-9 * np.abs(density), remedy)
        self._compare("score", target.score(x[None], level)[0], -x, np.broadcast_to(allowed[:, None], x.shape), remedy)

    def _along(self, v: Array, f: Callable[[Array], Array]) -> tuple[Array, Array]:
        """The derivative of f at the points in direction v (dim,) or (n, dim), and how well it is known."""
        return differences(lambda h: f(self.x + h * v), self.length)

    def _sample(self, n: int) -> Array:
        """(n, dim) draws, which come from the generator that is given."""
        seed, what = int(self.rng.integers(2**32)), f"{self.name}.sample"
        first, again, other = (self.target.sample(n, self.level, np.random.default_rng(s))
                               for s in (seed, seed, seed + 1))
        self._require_array(what, first, (n, self.target.dim))
        require(np.array_equal(first, again), what, "different for equal generators", "draw from rng alone")
        require(not np.array_equal(first, other), what, "the same for different generators", "draw from rng")
        return first

    def _require_array(self, what: str, result: object, shape: tuple[int, ...]) -> None:
        at = f"{what} at tau = {self.level.tau:g}"
        require(isinstance(result, np.ndarray), at, type(result).__name__, f"return an array of shape {shape}")
        assert isinstance(result, np.ndarray)
        require(result.shape == shape, at, f"array of shape {result.shape}", f"return one of shape {shape}")
        require(result.dtype == np.float64, at, f"array of {result.dtype}", "return float64")
        bad = np.argwhere(~np.isfinite(result))
        if len(bad):
            row = bad[0][-2 if result.ndim > 1 else 0]
            point = "" if what.endswith("sample") else f" and x = {_written(self.x[row])}"
            raise InputError(at + point, result[tuple(bad[0])], "return finite numbers")

    def _compare(self, what: str, found: Array, expected: Array, allowed: Array, remedy: str,
                 rough: Array | float = 0.0) -> None:
        """Both (n,) or (n, dim), with what they may differ by; where ``rough`` exceeds it nothing is known."""
        known = np.broadcast_to(np.less_equal(rough, allowed), found.shape)
        excess = np.where(known, np.abs(found - expected) / allowed, 0.0)
        at = f"{self.name}.{what} at tau = {self.level.tau:g}"
        require(2 * known.sum() >= known.size, at, "rough", "differences of it at several widths do not agree: it must "
                                                           "be smooth, and accurate to round-off")
        worst = np.unravel_index(int(np.argmax(excess)), excess.shape)
        place = f", coordinate {worst[1]}" if found.ndim > 1 and self.target.dim > 1 else ""
        require(bool(excess[worst] <= 1.0), f"{at} and x = {_written(self.x[worst[0]])}{place}",
                f"{found[worst]:.6g}, not {expected[worst]:.6g}", remedy)


def _declared(target: Target) -> str:
    """The target's name, if its attributes are what the contract says."""
    name = type(target).__name__
    require(isinstance(target, Target), "target", name, "derive it from heroism.targets.Target")
    for attribute in ("dim", "multiplicity", "copies", "jacobian"):
        require(hasattr(target, attribute), f"{name}.{attribute}", "missing", "see heroism.targets.Target")
    multiplicity = np.asarray(target.multiplicity)
    require(multiplicity.shape == (target.dim,) and multiplicity.dtype.kind == "i" and bool(np.all(multiplicity >= 1)),
            f"{name}.multiplicity", target.multiplicity,
            f"give an array of dim = {target.dim} whole numbers, 1 for a plain coordinate")
    require(target.jacobian in ("dense", "diagonal"), f"{name}.jacobian", target.jacobian, 'say "dense" or "diagonal"')
    require(target.copies == 1 or target.dim == 1, f"{name}.copies", target.copies,
            "only a target of one coordinate has copies")
    return name


def _written(x: Array) -> str:
    return np.array2string(x, precision=4, threshold=6, edgeitems=2, separator=", ").replace("\n", "")
