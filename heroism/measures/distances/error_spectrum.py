"""Which noise level the error comes from: the total variation of every step on its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from heroism.errors import positive, whole_number
from heroism.flow import Flow, with_tangents
from heroism.map import Map
from heroism.measures.base import Need, Single
from heroism.measures.distances.total_variation import excess, log_ratio, total_variation
from heroism.measures.estimate import Estimate
from heroism.measures.run import Run
from heroism.measures.scores import unmetered
from heroism.measures.single_steps import check_single_steps, exact_travel, single_steps
from heroism.noise import Array, NoiseLevel
from heroism.samplers.base import Sampler
from heroism.scores import ExactScore
from heroism.starts import start_law
from heroism.targets.base import Target
from heroism.transport import Endpoints, Ensemble

DIGITS = 5  # of what is kept of every step
LOOSE = 1e-4  # accuracy, in widths of the noise, of paths of which only the part where they end matters


@dataclass(frozen=True)
class ErrorSpectrum(Single):
    """The sum, over the steps of a run, of the total variation that each of them causes alone, and what it is made of.

    Hybrid i follows the exact flow from an exact start to noise level i, takes the sampler's own step there, and
    follows the exact flow to the end. Of a sampler without memory the sum bounds, by the triangle inequality, the total
    variation of the run from an exact start. ``parts`` of the estimate has one row per step, from the largest noise
    level down: half-log-SNR where it begins, and where it ends; total variation of the hybrid; its standard error; its
    floor.

    The exact flow is one to one, so that a hybrid has the total variation that it has right after its own step: the
    law of the step's end is compared with p at that level, by change of variables through the step alone.

    A sampler with memory takes its step with a memory of its own kind, but along the exact path: the predictions that
    it would have stored are those at exact positions of the levels where it stores them, and in the step itself it
    evaluates where it would (a predictor's error is the step's own). A start-up counts as one step with the first
    transition. What is left out is how errors of earlier steps change its memory, so that the sum is no bound: where
    steps are regular it is far above the total, as errors of neighbouring steps cancel; where they are not, below.

    Of a law that is described by one of its many parts, paths count 1 that the exact flow takes elsewhere after the
    sampler's step.

    Parameters
    ----------
    particles : exact paths.
    accuracy : of the exact flow, in widths of the noise. The floor of a step is the total variation of the flow itself
        over that step, as computed.

    Raises
    ------
    InputError : fewer than two particles, an accuracy that is not positive, a sampler whose steps do not stand alone.
    """

    particles: int = 200
    accuracy: float = 1e-9
    needs: ClassVar[Need] = "map"

    def check(self, target: Target, sampler: Sampler, particles: int) -> None:
        super().check(target, sampler, particles)
        whole_number("distance.error_spectrum.particles", self.particles, 2)
        positive("distance.error_spectrum.accuracy", self.accuracy)
        check_single_steps(sampler)

    def estimate(self, run: Run) -> Estimate:
        steps = list(_Hybrids(run, self.particles, self.accuracy))
        rows = [(start.half_log_snr, end.half_log_snr, one.value, one.stderr, one.floor) for start, end, one in steps]
        parts = [[float(f"{number:.{DIGITS}g}") for number in row] for row in rows]
        value, stderr, floor = (sum(getattr(one, name) for *_, one in steps) for name in ("value", "stderr", "floor"))
        return Estimate(value, stderr, floor, self.particles, None, parts)  # the same paths: errors add up


class _Hybrids:
    """(start, end, estimate) of every hybrid."""

    def __init__(self, run: Run, particles: int, accuracy: float):
        target, self.score = run.target, unmetered(run.score)
        ready = Map(run.sampler, self.score, run.schedule, "exact")
        self.steps, self.seed, self.target = single_steps(ready.sampler, ready.schedule), run.seed, target
        law = start_law("exact").on(target, self.steps.levels)
        starts = law.nodes(particles) if target.copies > 1 else law.draw(particles, np.random.default_rng(run.seed))
        self.exact, self.weights = with_tangents(target, starts.positions), starts.weights
        self.determinant = ready.determinant
        self.travel = exact_travel(ExactScore(target), accuracy)
        self.roughly = exact_travel(ExactScore(target), LOOSE)

    def __iter__(self) -> Iterator[tuple[NoiseLevel, NoiseLevel, Estimate]]:
        ends, references = list[Ensemble](), list[Ensemble]()
        transitions = list(self.steps.levels.transitions())
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            for number, (start, end) in enumerate(transitions):
                own = self.steps.step(number, Flow(self.score), self.exact)
                self.steps.learn(number, Flow(self.score), self.exact, self.travel)
                after = self.travel(self.exact, start, end)
                ends.append(self._ensemble(own, start, end))
                references.append(self._ensemble(after, start, end))
                self.exact = after
            lost = self._lost(ends)
        for (start, end), own_end, reference, elsewhere in zip(transitions, ends, references, lost, strict=True):
            yield start, end, self._estimate(own_end, reference, elsewhere)

    def _ensemble(self, bundle: Array, start: NoiseLevel, end: NoiseLevel) -> Ensemble:
        """Of a step from the exact law at its start: that density, over the volume that the step itself makes."""
        before, after = self.determinant(self.exact[1:]), self.determinant(bundle[1:])
        log_density = self.target.log_density(self.exact[0], start) + before[1] - after[1]
        share = np.full(len(log_density), 1.0 / len(log_density)) if self.weights is None else self.weights
        wrong = ~np.isfinite(log_density)
        return Ensemble(self.target, bundle[0], log_density, end, 0, 0, float(share @ (before[0] * after[0] <= 0)),
                        float(share @ wrong), Endpoints(bundle[0][:0], log_density[:0]), np.empty(0, dtype=np.intp),
                        self.weights)

    def _estimate(self, own: Ensemble, reference: Ensemble, lost: Array) -> Estimate:
        floor = total_variation(reference, self.target, self.seed, lost=False).value
        if not self.target.partial:
            found = total_variation(own, self.target, self.seed, controls=True)
            return Estimate(found.value, found.stderr, max(floor, found.floor), found.n)
        return Estimate.of_mean(np.where(lost, 1.0, excess(log_ratio(own, self.target, own.level))), floor)

    def _lost(self, ends: list[Ensemble]) -> list[Array]:
        """(n,) of every hybrid whether the exact flow takes a path out of the part that is followed, all in one go."""
        if not self.target.partial:
            return [np.zeros(len(one.positions), dtype=bool) for one in ends]
        pool = np.empty((1, 0, self.target.dim))
        for one, following in zip(ends, [*ends[1:], ends[-1]], strict=True):
            somewhere = np.where(np.isfinite(one.positions), one.positions, 0.0)
            pool = self.roughly(np.concatenate([pool, somewhere[None]], axis=1), one.level, following.level)
        return list(~self.target.in_part(pool[0], ends[-1].level).reshape(len(ends), -1))
