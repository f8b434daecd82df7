"""A sampler of one's own, unmodified: a function on a denoiser, or a step on a score.

Positions and tangents go through it as one batch ``(n (1 + p), d)``, the n positions first. The model that it is given
answers the rows of positions with values and the rows of tangents with derivatives along them, so a code that is linear
in its state and in what the model answers carries its Jacobian without knowing. Whether it is gets checked on the way,
by rows whose end is known: differences of neighbouring paths, and combinations of tangents.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from heroism.errors import require, whole_number
from heroism.flow import Flow, Score
from heroism.integrals.predictions import Data
from heroism.noise import Array, NoiseLevel, NoiseSchedule, log_snr_schedule
from heroism.samplers.base import DOUBLE, Sampler
from heroism.samplers.external.arrays import ARRAYS, Arrays, array_library

CROWD, ALONE = 32, 2  # of so many paths so many are also run without their neighbours
STRETCH = 4.0  # of a combination of tangents: what is clipped shows at another length
EXPLAINED = 1e-6  # a miss, relative to the largest state on the way, that rounding may explain in double precision
LOOSE = 2.0**13  # the same, in units of a lower precision

Ask = Callable[[Array, NoiseLevel], Array]


class OwnSampler(Sampler):
    """A function of somebody else's as a sampler.

    Parameters
    ----------
    function : the code, called once a run or once a step, as the subclass says.
    order : what it claims, 0 if nothing is claimed.
    array : "numpy" or "torch", what it works on; "auto" looks whether its source speaks of torch.

    Attributes
    ----------
    name : of the function. resolution : that of double precision until it is seen to use less.

    Raises
    ------
    InputError : another array library; while it runs, what it does that leaves no exact density, and what to do.
    """

    def __init__(self, function: Callable[..., Any], order: int = 0, array: str = "auto"):
        require(callable(function), "sampler", function, "give a function")
        require(array in ("auto", *ARRAYS), "array", array, f"choose auto or one of {', '.join(ARRAYS)}")
        self.function, self.order = function, whole_number("order", order, 0)
        self.array: str = array_library(function) if array == "auto" else array
        self.name = name_of(function)
        self._counts: dict[int, int] = {}
        self._trusted: tuple[Score, bytes] | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name}, {self.array})"

    def evaluations(self, steps: int) -> int:
        """Counted in a run of its own, from one point of a Gaussian."""
        if steps not in self._counts:
            flow = Flow(lambda bundle, level: -bundle)
            self._run(flow, np.ones((1, 1, 1)), log_snr_schedule(steps, 1e-2, 0.99))
            self._counts[steps] = flow.evaluations
        return self._counts[steps]

    def transport(self, flow: Flow, bundle: Array, schedule: NoiseSchedule) -> Array:
        if len(bundle) == 1:
            return self._run(flow, bundle, schedule)
        if self._trusted is None or self._trusted[0] is not flow.score or self._trusted[1] != schedule.key:
            self._check_alone(flow.score, bundle[:, :CROWD], schedule)
            self._trusted = (flow.score, schedule.key)
        return self._watched(flow, bundle, schedule)

    @abstractmethod
    def _run(self, ask: Ask, bundle: Array, schedule: NoiseSchedule) -> Array:
        """Carry a bundle; ``ask`` is the score."""

    def _watched(self, ask: Ask, bundle: Array, schedule: NoiseSchedule) -> Array:
        """Carry a bundle, and see that what ends as a known combination of rows does."""
        watch = Watch(len(bundle) - 1)
        end = self._run(watch.answering(ask), watch.extended(bundle), schedule)
        miss = watch.miss(end)
        require(miss <= self._explained, "sampler", self.name,
                f"is not linear in its state and in what the model answers (it misses by {miss:.1g} of the state), so "
                "the Jacobian does not ride along: turn clipping and thresholding off, take steps that do not depend "
                "on the state, and no terms besides state and model output")
        return end[:-Watch.ROWS]

    def _check_alone(self, score: Score, bundle: Array, schedule: NoiseSchedule) -> None:
        """A path ends where it ends without neighbours and tangents, and does so every time."""
        exact = getattr(score, "target", None)  # the score itself may keep a record of what it is asked
        asked: Score = score if exact is None else exact.score
        among = self._run(asked, bundle, schedule)[:1]
        for i in range(min(ALONE, bundle.shape[1])):
            path = slice(i, i + 1)
            alone, again = (self._run(asked, bundle[:1, path], schedule) for _ in range(2))
            require(not apart(alone, again, bundle[0], self._explained), "sampler", self.name,
                    "two runs from the same points end apart: it adds noise, and a stochastic sampler has no exact "
                    "density here; set its noise to zero (eta=0, s_churn=0)")
            require(not apart(alone, among[:, path], bundle[0], self._explained), "sampler", self.name,
                    "a path ends elsewhere when others are carried along: its steps depend on the state (or it adds "
                    "noise of a fixed seed); freeze them, one from each of the noise levels to the next")

    def _given(self, rows: Array, back: Any, what: str) -> Array:
        """What the function handed back, as rows in double precision."""
        arrays = ARRAYS[self.array]
        require(arrays.floating(back), what, type(back).__name__,
                f"must be an array of floating-point numbers of {self.array}; array= says what the function works on")
        out = arrays.read(back)
        require(out.shape == rows.shape, f"shape of {what}", out.shape,
                f"must stay that of the state, {rows.shape}, one row a path or a tangent")
        self.resolution = max(self.resolution, arrays.resolution(back))
        return out

    @property
    def _explained(self) -> float:
        """A miss, relative to the largest state on the way, that rounding may explain."""
        return EXPLAINED if self.resolution == DOUBLE else min(0.1, LOOSE * self.resolution)

    @property
    def _arrays(self) -> Arrays:
        return ARRAYS[self.array]


class OwnDenoiser(OwnSampler):
    """``sample(model, x, sigmas)`` as k-diffusion and ComfyUI have it: ``model(x, sigma)`` is the denoiser.

    ``x = X / sqrt(alpha_bar)`` (n, d) has noise of standard deviation ``sigmas[0]``; the function returns x at
    ``sigmas[-1]``, which is not zero: there it is compared with the target of the same noise. ``sigmas`` (T,) fall;
    ``model`` takes one sigma, as a number or once a row.
    """

    def _run(self, ask: Ask, bundle: Array, schedule: NoiseSchedule, **more: Any) -> Array:
        """``more`` is passed on to the function."""
        rows = as_rows(bundle) / np.sqrt(schedule.start.alpha_bar)

        def model(x: Any, sigma: Any) -> Any:
            state, level = self._given(rows, x, "x of the model"), self._level(sigma)
            here = (np.sqrt(level.alpha_bar) * state).reshape(bundle.shape)
            data = Data().of(here, ask(here, level), level)
            return self._arrays.give(as_rows(data), like=x)

        given = self.function(model, self._arrays.make(rows), self._sigmas(schedule), **more)
        out = self._given(rows, given, f"what {self.name} returns")
        return (np.sqrt(schedule.end.alpha_bar) * out).reshape(bundle.shape)

    def _sigmas(self, schedule: NoiseSchedule) -> Any:
        return self._arrays.make(np.array([level.sigma for level in schedule.levels[::-1]]))

    def _level(self, sigma: Any) -> NoiseLevel:
        values = np.ravel(self._arrays.read(sigma) if self._arrays.floating(sigma) else np.asarray(sigma, float))
        require(values.size > 0 and np.ptp(values) == 0.0, "sigma", values.tolist()[:4],
                "give the model one noise level")
        require(bool(np.isfinite(values[0]) and values[0] > 0.0), "sigma", values[0],
                "the model is asked with noise only: end at the last of the sigmas, and append no zero")
        square = float(values[0]) ** 2
        return NoiseLevel(1.0 / (1.0 + square), square / (1.0 + square))


class OwnStep(OwnSampler):
    """``step(score, x, level, next_level)``: x (n, d) at a noise level to x at the next one; ``score(x, level)``.

    ``x = sqrt(alpha_bar) X_0 + sqrt(tau) Z``, and a level has ``alpha_bar``, ``tau``, ``sigma`` and ``half_log_snr``.
    """

    def _run(self, ask: Ask, bundle: Array, schedule: NoiseSchedule) -> Array:
        rows = as_rows(bundle)

        def score(x: Any, level: NoiseLevel) -> Any:
            state = self._given(rows, x, "x of the score")
            require(isinstance(level, NoiseLevel), "level", level, "give the score a noise level, as the step gets two")
            return self._arrays.give(as_rows(ask(state.reshape(bundle.shape), level)), like=x)

        for start, end in schedule.transitions():
            rows = self._given(rows, self.function(score, self._arrays.make(rows), start, end),
                               f"what {self.name} returns")
        return rows.reshape(bundle.shape)


class Watch:
    """Rows whose end is known, carried along with a bundle of p tangents: the difference of every path and the next
    one, answered by the difference of the scores, and a combination of the tangents, answered by that of the products.
    """

    ROWS: ClassVar[int] = 2

    def __init__(self, tangents: int):
        self.signs = STRETCH * np.random.default_rng(0).choice([-1.0, 1.0], size=tangents)
        self.reach = np.zeros(2)  # of positions and of tangents, largest absolute value on the way

    def extended(self, bundle: Array) -> Array:
        """The bundle with these rows at its end."""
        with np.errstate(over="ignore", invalid="ignore"):
            apart = np.roll(bundle[0], -1, axis=0) - bundle[0]
            return np.concatenate([bundle, [apart, np.tensordot(self.signs, bundle[1:], 1)]])

    def answering(self, ask: Ask) -> Ask:
        """The score of bundles with these rows, none of which costs an evaluation."""
        def answer(bundle: Array, level: NoiseLevel) -> Array:
            own = bundle[: -self.ROWS]
            self._see(own)
            return self.extended(ask(own, level))

        return answer

    def miss(self, end: Array) -> float:
        """How far these rows ended from where they should, relative to the largest state on the way."""
        self._see(end[: -self.ROWS])
        gap = np.abs(end[-self.ROWS :] - self.extended(end[: -self.ROWS])[-self.ROWS :])
        largest = np.max(gap, axis=(1, 2), where=np.isfinite(gap), initial=0.0)
        scale = self.reach * [1.0, np.abs(self.signs).sum()]
        return float(np.max(largest / np.maximum(scale, np.finfo(float).tiny)))

    def _see(self, bundle: Array) -> None:
        for i, part in enumerate((bundle[:1], bundle[1:])):
            size = np.abs(part)
            self.reach[i] = max(self.reach[i], float(np.max(size, where=np.isfinite(size), initial=0.0)))


def as_rows(bundle: Array) -> Array:
    """(n (1 + p), d) of a bundle (1 + p, n, d), the positions first."""
    return bundle.reshape(-1, bundle.shape[-1])


def apart(one: Array, other: Array, start: Array, tolerance: float) -> bool:
    """Whether two ends of the same starts differ by more than rounding."""
    gap, size = np.abs(one - other), max(float(np.abs(start).max()), 1.0)
    return bool(np.any(np.isfinite(gap) & (gap > tolerance * np.maximum(size, np.abs(other))))
                or np.any(np.isfinite(one) != np.isfinite(other)))


def name_of(function: Any) -> str:
    """What a function is called, the one inside a ``functools.partial`` for that."""
    function = getattr(function, "func", function)
    return str(getattr(function, "__name__", type(function).__name__))
