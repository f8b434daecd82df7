"""The stochastic schedulers of ``diffusers``, unmodified: their noise is handed in, and their kernels are measured.

What a scheduler's ``step`` returns is linear in the sample, in the model's outputs that it has seen and in the noise
that it draws. So one run on unit vectors, one for each of these, reads off the weights of every step: the scheduler as
a recursion, whose law is then known wherever that of a recursion is. Nothing of its formulas is written down here.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np

from heroism.errors import InputError, require
from heroism.flow import Flow
from heroism.noise import Array, NoiseLevel, NoiseSchedule
from heroism.samplers.external.catalogue import NOISY, NOISY_REFUSED, Method
from heroism.samplers.external.diffusers_schedulers import EXTRA, Diffusers, known_warnings
from heroism.samplers.external.drive import Drive
from heroism.samplers.external.extras import needed
from heroism.samplers.stochastic.recursion import STATE, Combine, Evaluate, Operation, Output, Recursion, Step

ASKED: Mapping[str, Output] = {"epsilon": "noise", "sample": "data"}
DRAWN = "randn_tensor"  # the function of its module that draws noise
Draw = Callable[[tuple[int, ...]], Array]


@dataclass(frozen=True)
class Call:
    """One call of ``step`` as a combination: weights of ("x" | "out" | "z", number of the call it belongs to)."""

    level: NoiseLevel
    unit: float
    weights: Mapping[tuple[str, int], float]


class DiffusersNoise(Recursion, Diffusers):
    """One stochastic scheduler of ``diffusers``, on the levels of our schedule.

    Parameters
    ----------
    scheduler, options, precision, asked_at : as for :class:`Diffusers`.
    step_options : passed to every ``step``, such as ``{"eta": 1.0}`` of DDIM, ``{"s_churn": 10.0}`` of Euler.

    Raises
    ------
    InputError : as for :class:`Diffusers`; an option of ``step`` that it does not have, or settings that add no noise.
    """

    methods: ClassVar[Mapping[str, Method]] = NOISY
    refused: ClassVar[Mapping[str, str]] = NOISY_REFUSED
    stochastic = True

    def __init__(self, scheduler: str, options: Mapping[str, Any] | None = None,
                 step_options: Mapping[str, Any] | None = None, precision: str = "shipped",
                 asked_at: str = "timestep"):
        self.step_options = {key: value for key, value in (step_options or {}).items() if value is not None}
        Diffusers.__init__(self, scheduler, options, "schedule", precision, asked_at)
        kind = (self.known | self.options)["prediction_type"]
        require(kind in ASKED, "options.prediction_type", kind, f"choose {' or '.join(ASKED)}")
        allowed = self.method.step_options
        for key, value in self.step_options.items():
            require(key in allowed, f"step_options.{key}", value,
                    f"{self.name}.step has no such option of its noise; choose from {', '.join(allowed) or 'none'}")
        noisy = "sde" in str(self.options.get("algorithm_type", "sde")) and (not allowed or any(
            self.step_options.get(key) for key in allowed[:1]))
        require(noisy, "scheduler", self.name, "adds no noise with these options: set "
                f"{'step_options.' + allowed[0] if allowed else 'options.algorithm_type=sde-dpmsolver++'}, or take "
                "sampler=diffusers")

    def transport(self, flow: Flow, bundle: Array, schedule: NoiseSchedule) -> Array:
        """The scheduler itself, with noise of the flow."""
        return Diffusers.transport(self, flow, bundle, schedule)

    def evaluations(self, steps: int) -> int:
        return Diffusers.evaluations(self, steps)

    def steps(self, schedule: NoiseSchedule) -> Iterator[Step]:
        calls, leave = self._measured(schedule)
        later = [{name for call in calls[k + 1 :] for name in call.weights if name[1] <= k} for k in range(len(calls))]
        lag = max((k - j for k, call in enumerate(calls) for _, j in call.weights), default=0) + 1
        per_step = len(calls) // (schedule.steps - 1)
        pairs = list(schedule.transitions())
        for i, (start, end) in enumerate(pairs):
            operations: list[Operation] = []
            for k in range(i * per_step, (i + 1) * per_step):
                unit = leave if k + 1 == len(calls) else calls[k + 1].unit
                operations += self._operations(calls, k, unit, later[k], lag)
            yield Step(start, end, tuple(operations))

    def _operations(self, calls: list[Call], k: int, unit: float, later: set[tuple[str, int]],
                    lag: int) -> Iterator[Operation]:
        call, names, deviation = calls[k], dict[str, float](), 0.0
        if ("x", k) in later:
            yield Combine(_slot("x", k, lag), {STATE: 1.0})
        yield Evaluate(_slot("out", k, lag), STATE, call.level, ASKED[(self.known | self.options)["prediction_type"]])
        if ("z", k) in later:
            yield Combine(_slot("z", k, lag), {}, 1.0)
        for (kind, j), weight in call.weights.items():
            if kind == "z" and j == k and ("z", k) not in later:
                deviation = abs(unit * weight)
            else:
                name = STATE if (kind, j) == ("x", k) else _slot(kind, j, lag)
                names[name] = unit * weight / (calls[j].unit if kind == "x" else 1.0)
        yield Combine(STATE, names, deviation)

    def _measured(self, schedule: NoiseSchedule) -> tuple[list[Call], float]:
        """Every call of ``step`` on unit vectors, and the unit of the last sample."""
        torch = needed("torch", EXTRA)
        with self._precision(), known_warnings():
            drive, calls = self._drive(schedule), []
            count = len(drive.timesteps)

            def unit_vector(place: int) -> Array:
                return np.eye(1, 3 * count, place)[None]

            for k, timestep in enumerate(drive.timesteps):
                level = drive.level(timestep) if self.asked_at == "timestep" else drive.level_of_step()
                sample = torch.from_numpy(unit_vector(3 * k))
                unit = float(drive.seen(sample, timestep, level)[0, 0, 3 * k])
                with handed(self.kind, partial(_same, unit_vector(3 * k + 2))):
                    out = self._stepped(drive, unit_vector(3 * k + 1), timestep, sample).numpy()[0, 0]
                found = {(("x", "out", "z")[place % 3], int(place) // 3): float(out[place])
                         for place in np.flatnonzero(out)}
                calls.append(Call(level, unit, found))
        return calls, drive.leave

    def _carried(self, drive: Drive, flow: Flow, bundle: Array) -> Array:
        nothing = np.zeros(bundle.shape)
        with handed(self.kind, lambda _: flow.diffuse(nothing, 1.0)):
            return Diffusers._carried(self, drive, flow, bundle)

    def _stepped(self, drive: Drive, output: Array, timestep: Any, sample: Any) -> Any:
        torch = needed("torch", EXTRA)
        try:
            return drive.scheduler.step(torch.from_numpy(output), timestep, sample, return_dict=False,
                                        **self.step_options)[0]
        except UnboundLocalError as error:
            raise InputError("options", self.options, f"{self.name} has no branch for them: {error}") from error


@contextmanager
def handed(kind: Callable[..., Any], draw: Draw) -> Iterator[None]:
    """While it lasts, the file that defines ``kind`` gets its noise from ``draw``."""
    file, torch = vars(sys.modules[kind.__module__]), needed("torch", EXTRA)
    usual = file[DRAWN]

    def noise(shape: Any, *_: Any, dtype: Any = None, **__: Any) -> Any:
        return torch.from_numpy(np.array(draw(tuple(shape)))).to(dtype)

    try:
        file[DRAWN] = noise
        yield
    finally:
        file[DRAWN] = usual


def _same(draws: Array, shape: tuple[int, ...]) -> Array:
    return draws


def _slot(kind: str, call: int, lag: int) -> str:
    return f"{kind} {call % lag}"
