"""The output density of a two-step sampler on one coordinate: the joint density of two successive states is propagated.

A method through two points, the state and the model's output at the state before, is a Markov chain in the pair (u, x)
of the last two states. As its step is linear in the remembered output, the mean of the next state is ``a(x) + b(u)``:

    ``q'(x, y) = int q(u, x) N(y; a(x) + b(u), sigma^2) du``,

a trapezoidal rule over u (spectrally accurate), in the narrow band where the joint density lives. On a line that is
affordable: seconds for a hundred steps. Three points would take a joint density of three states.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from heroism.errors import InputError, require
from heroism.flow import Flow, TargetScore
from heroism.measures.scores import unmetered
from heroism.measures.stochastic.densities import REACH, Density
from heroism.measures.stochastic.line import LineLaw, check_line, compared, start_density
from heroism.noise import Array, NoiseSchedule
from heroism.samplers.stochastic.recursion import STATE, Combine, Evaluate, Operation, Recursion, Step, carry
from heroism.starts import Start

NODES, LAST = 2.5, 3.0  # per deviation of the noise, as the next step or the reader of the last density sees it
NEGLIGIBLE = 1e-18  # of the largest entry of a joint density
TOGETHER = 2**21  # numbers at a time
LARGEST = 2**15  # nodes of a state


@dataclass(frozen=True)
class _Kernel:
    """One step: the operations before its noise, what of them the next step remembers, the noise."""

    step: Step
    quiet: tuple[Operation, ...]
    last: Combine
    remembered: tuple[str, ...]


def pair_law(sampler: Recursion, score: TargetScore, schedule: NoiseSchedule, start: Start = "exact") -> LineLaw:
    """Propagate the joint density of two successive states of one coordinate.

    Parameters
    ----------
    sampler : remembers its state and the model's outputs at the state before. score : on a target with one plain
        coordinate, or independent copies of one. start : the target's own law, or N(0, 1).

    Raises
    ------
    InputError : a target of several coordinates, a sampler that remembers more than the model's outputs at the state
        before or adds noise elsewhere than at the end of its steps, or steps with too little noise.
    """
    check_line(score.target)
    kernels, quiet = _kernels(sampler, schedule), unmetered(score)
    level = float(np.sqrt(schedule.start.tau))
    coarse = start_density(quiet.target, schedule, start, level / NODES)
    first = start_density(quiet.target, schedule, start, _spacing(level, kernels[0], quiet, coarse.x), LARGEST)
    x, memory, error, most = first.x, dict[str, Array](), 0.0, len(first.values)
    joint = sparse.csr_matrix(first.spacing * first.values[None, :])  # no state before: one row of all the mass
    for i, kernel in enumerate(kernels):
        sigma = kernel.last.deviation
        spacing = sigma / LAST
        if i + 1 < len(kernels):
            spacing = _spacing(sigma, kernels[i + 1], quiet, x)
        ahead, behind = _mean(kernel, quiet, x, {}), _memory_share(kernel, quiet, memory)
        memory = _remembered(kernel, quiet, x)
        x, joint = _next(joint.tocsc(), ahead, behind, spacing, sigma, schedule)
        error, most = error + abs(float(joint.sum()) - 1.0), max(most, len(x))
    density = np.asarray(joint.sum(axis=0)).ravel() / spacing
    return compared(Density(float(x[0]), spacing, density).trimmed(), quiet, schedule, None, error, most)


def _kernels(sampler: Recursion, schedule: NoiseSchedule) -> list[_Kernel]:
    """The steps, each checked for what it remembers."""
    steps = list(sampler.steps(schedule))
    live, found = {STATE}, []
    for step in steps[::-1]:
        last = step.operations[-1]
        noisy = [each for each in step.operations if isinstance(each, Combine) and each.deviation > 0.0]
        right = noisy == [last] and isinstance(last, Combine) and last.into == STATE
        remembered = tuple(sorted(live - {STATE}))
        right = right and all(_made_of(name, step) == {STATE} for name in remembered)
        evaluations = [each for each in step.operations if isinstance(each, Evaluate)]
        right = right and all(_made_of(each.into, step) == {STATE} for each in evaluations)
        require(right, "sampler", type(sampler).__name__, "remembers more than the model's outputs at one earlier "
                "state, so two states do not describe it: measure it on a Gaussian target, or by its path")
        assert isinstance(last, Combine)
        found.append(_Kernel(step, step.operations[:-1], last, remembered))
        for operation in step.operations[::-1]:
            live = (live - {operation.into}) | _inputs(operation)
    return found[::-1]


def _inputs(operation: Operation) -> set[str]:
    if isinstance(operation, Evaluate):
        return {operation.at}
    return {name for name, weight in operation.weights.items() if weight != 0.0}


def _made_of(name: str, step: Step) -> set[str]:
    """The slots at the start of a step that a slot at its end (before the noise) depends on."""
    made: dict[str, set[str]] = {}
    for operation in step.operations[:-1]:
        inputs = [made.get(each, {each}) for each in _inputs(operation)]
        made[operation.into] = set().union(*inputs)
    return made.get(name, {name})


def _mean(kernel: _Kernel, score: TargetScore, states: Array, memory: dict[str, Array]) -> Array:
    """Means of the next state at ``states`` (n,) with these remembered slots (n,), zero if they are not given."""
    slots = {name: values[None, :, None] for name, values in memory.items()}
    return _carried(kernel, score, states[None, :, None], slots)[0, :, 0]


def _carried(kernel: _Kernel, score: TargetScore, bundle: Array, slots: dict[str, Array]) -> Array:
    """The mean of the next state, for a bundle (1+p, n, 1) of states; slots that are not given are zero."""
    operations = [*kernel.quiet, Combine("mean", kernel.last.weights)]
    known = {name for operation in operations for name in _inputs(operation)}
    slots = {name: np.zeros_like(bundle) for name in known} | slots | {STATE: bundle}
    carry(operations, slots, Flow(score))
    return slots["mean"]


def _spacing(sigma: float, following: _Kernel, score: TargetScore, x: Array) -> float:
    """Of the grid of a state: as fine as its own noise, and as the next step's noise where the mean is steepest."""
    slope = _carried(following, score, np.stack([x, np.ones_like(x)])[:, :, None], {})[1, :, 0]
    return float(min(sigma, following.last.deviation / np.max(np.abs(slope)))) / NODES


def _memory_share(kernel: _Kernel, score: TargetScore, memory: dict[str, Array]) -> Array:
    """b (n,): what the remembered slots add to the mean."""
    if not memory:
        return np.zeros(1)
    anywhere = np.zeros(len(next(iter(memory.values()))))
    return _mean(kernel, score, anywhere, memory) - _mean(kernel, score, anywhere, {})


def _remembered(kernel: _Kernel, score: TargetScore, states: Array) -> dict[str, Array]:
    """The slots (n,) that the next step finds, at states (n,)."""
    slots = {STATE: states[None, :, None]}
    needed = [each for each in kernel.quiet if _made_of(each.into, kernel.step) == {STATE}]
    carry(needed, slots, Flow(score))
    return {name: slots[name][0, :, 0] for name in kernel.remembered}


def _next(weights: sparse.csc_matrix, ahead: Array, behind: Array, spacing: float, sigma: float,
          schedule: NoiseSchedule) -> tuple[Array, sparse.csr_matrix]:
    """The grid of the next state, and the joint masses (n, k) of this state and the next.

    ``weights`` (m, n) are the masses of the pairs (state before, this state); their means are ``behind`` + ``ahead``.
    """
    count = np.diff(weights.indptr)
    full = np.flatnonzero(count)
    starts = weights.indptr[:-1][full]
    share = behind[weights.indices] if len(behind) > 1 else np.zeros(len(weights.indices))
    lowest, highest = np.minimum.reduceat(share, starts), np.maximum.reduceat(share, starts)
    low = ahead[full] + lowest - REACH * sigma
    width = int((highest - lowest).max() / spacing + 2.0 * REACH * sigma / spacing) + 2
    origin = low.min()
    begin = np.floor((low - origin) / spacing).astype(np.intp)
    total = int(begin.max()) + width
    require(total <= LARGEST, "T", schedule.steps, f"the noise of a step is {sigma:.1g}, which takes too many pairs of "
            "nodes: take fewer steps, or more noise")
    local = spacing * np.arange(width)
    values = np.empty((len(full), width))
    step = max(1, TOGETHER // (width * int(count.max())))
    for first in range(0, len(full), step):
        rows = slice(first, first + step)
        n = count[full[rows]]
        entries = np.repeat(starts[rows] - (np.cumsum(n) - n), n) + np.arange(n.sum())
        row = np.repeat(np.arange(first, first + len(n)), n)
        centre = ahead[full[row]] + share[entries] - (origin + spacing * begin[row])
        terms = np.exp(-0.5 * ((local - centre[:, None]) / sigma) ** 2) * weights.data[entries][:, None]
        values[rows] = np.add.reduceat(terms, np.cumsum(n) - n)
    values *= spacing / (np.sqrt(2.0 * np.pi) * sigma)
    keep = values > NEGLIGIBLE * values.max()
    row, column = np.nonzero(keep)
    shape = (weights.shape[1], total)
    joint = sparse.csr_matrix((values[keep], (full[row], begin[row] + column)), shape=shape)
    return origin + spacing * np.arange(total), joint


def two_states(sampler: Recursion, schedule: NoiseSchedule) -> bool:
    """Whether the sampler remembers no more than the model's outputs at one earlier state."""
    try:
        _kernels(sampler, schedule)
    except InputError:
        return False
    return True
