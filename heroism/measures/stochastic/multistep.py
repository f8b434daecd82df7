"""The output density of a multistep sampler on one coordinate: the joint density of successive states is propagated.

A method that remembers the model's outputs at one or two earlier states is a Markov chain in its last two or three
states. As its step is linear in what it remembers, the mean of the next state y is ``a(x) + b(u) + c(v)``, x the state,
u and v those before it:

    ``q'(u, x, y) = int q(v, u, x) N(y; a(x) + b(u) + c(v), sigma^2) dv``,

a trapezoidal rule over v (spectrally accurate), in the narrow band where the joint density lives. On a line that is
affordable: with one state remembered seconds for a hundred steps, with two of them seconds for thirty and a minute for
sixty. A method of four points would take a joint density of four states.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from heroism.errors import require
from heroism.flow import Flow, TargetScore
from heroism.measures.scores import unmetered
from heroism.measures.stochastic.densities import Density
from heroism.measures.stochastic.line import LineLaw, check_line, compared, start_density
from heroism.measures.stochastic.transitions import adds_noise, inputs, needed_after
from heroism.noise import Array, NoiseSchedule
from heroism.samplers.stochastic.recursion import STATE, Combine, Evaluate, Operation, Recursion, Step, carry
from heroism.starts import Start

NODES, LAST = 2.5, 3.0  # per deviation of the noise, as the next step or the reader of the last density sees it
TOGETHER = 2**21  # numbers at a time
LARGEST = 2**15  # nodes of a state
MOST_ENTRIES = 2**23  # of a joint density
MOST_REMEMBERED = 2
# By how many states are remembered: standard deviations up to which a kernel counts, share of the largest entry of a
# joint density below which others are left out.
REACH, NEGLIGIBLE = (9.0, 9.0, 7.5), (1e-18, 1e-18, 1e-15)

Indices = NDArray[np.intp]


@dataclass(frozen=True)
class _Kernel:
    """One step: the operations before its noise, the noise, and the slots it finds, by how many steps ago they were
    made.
    """

    step: Step
    quiet: tuple[Operation, ...]
    last: Combine
    found: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class _Joint:
    """Masses of (oldest state, tuple of the later ones): rows are nodes of the oldest, columns are the tuples."""

    masses: sparse.csc_matrix
    tuples: tuple[Indices, ...]  # for every column the node of each later state, the newest first


def multistep_law(sampler: Recursion, score: TargetScore, schedule: NoiseSchedule, start: Start = "exact") -> LineLaw:
    """Propagate the joint density of two or three successive states of one coordinate.

    Parameters
    ----------
    sampler : remembers its state and the model's outputs at one or two states before. score : on a target with one
        plain coordinate, or independent copies of one. start : the target's own law, or N(0, 1).

    Raises
    ------
    InputError : a target of several coordinates, a sampler that remembers more or adds noise elsewhere than at the end
        of its steps, or steps with too little noise.
    """
    check_line(score.target)
    kernels, quiet = _kernels(sampler, schedule), unmetered(score)
    depth = max(1, _depth(kernels))
    level = float(np.sqrt(schedule.start.tau))
    coarse = start_density(quiet.target, schedule, start, level / NODES)
    first = start_density(quiet.target, schedule, start, _spacing(level, kernels[0], quiet, coarse.x), LARGEST)
    x, error, most = first.x, 0.0, len(first.values)
    memories: list[dict[str, Array]] = [{} for _ in range(depth)]  # slots at the nodes of each state, the newest first
    own, nowhere = np.arange(len(x)), np.zeros(len(x), dtype=np.intp)
    joint = _Joint(sparse.csc_matrix(first.spacing * first.values[None, :]), (own, *[nowhere] * (depth - 1)))
    for i, kernel in enumerate(kernels):
        sigma = kernel.last.deviation
        spacing = sigma / LAST
        if i + 1 < len(kernels):
            spacing = _spacing(sigma, kernels[i + 1], quiet, x)
        shares = [_share(kernel, quiet, memory, kernel.found[age]) for age, memory in enumerate(memories)]
        ahead = _mean(kernel, quiet, x, {})[joint.tuples[0]]
        for share, nodes in zip(shares, joint.tuples[1:], strict=False):
            ahead = ahead + (share[nodes] if len(share) > 1 else 0.0)
        memories = [_remembered(kernel, quiet, x), *memories[:-1]]
        x, masses = _next(joint.masses, ahead, shares[-1], spacing, sigma, schedule, depth)
        error, most = error + abs(float(masses.sum()) - 1.0), max(most, len(x))
        joint = _moved_on(joint, masses)
    density = np.bincount(joint.tuples[0], np.asarray(joint.masses.sum(axis=0)).ravel(), len(x)) / spacing
    return compared(Density(float(x[0]), spacing, density).trimmed(), quiet, schedule, None, error, most)


def check_memory(sampler: Recursion, schedule: NoiseSchedule) -> int:
    """At how many earlier states the sampler remembers what the model said.

    Raises InputError if that is more than two, or if it remembers something else.
    """
    return _depth(_kernels(sampler, schedule))


def _kernels(sampler: Recursion, schedule: NoiseSchedule) -> list[_Kernel]:
    """The steps, each checked for what it remembers."""
    steps, found = list(sampler.steps(schedule)), []
    needed = needed_after([operation for step in steps for operation in step.operations])
    made: dict[str, int | None] = {STATE: 0}  # in which step, from its state alone; None for anything else
    place, wanted = 0, {STATE}
    for i, step in enumerate(steps):
        last = step.operations[-1]
        right = [each for each in step.operations if adds_noise(each)] == [last] and last.into == STATE
        ages = {name: _age(made.get(name), i) for name in wanted - {STATE}}
        right = right and all(0 < age <= MOST_REMEMBERED for age in ages.values())
        made[STATE] = i
        for operation in step.operations[:-1]:
            origins = {made.get(name) for name in inputs(operation)}
            right = right and (origins == {i} or not isinstance(operation, Evaluate))
            made[operation.into] = i if origins == {i} else None
        place += len(step.operations)
        wanted = needed[place - 1]
        require(right, "sampler", type(sampler).__name__, "remembers more than the model's outputs at two earlier "
                "states, or adds noise elsewhere than at the end of its steps: measure it on a Gaussian target")
        assert isinstance(last, Combine)
        names = tuple(tuple(sorted(name for name, age in ages.items() if age == back))
                      for back in range(1, MOST_REMEMBERED + 1))
        found.append(_Kernel(step, step.operations[:-1], last, names))
    return found


def _age(made: int | None, now: int) -> int:
    return MOST_REMEMBERED + 1 if made is None else now - made


def _depth(kernels: Sequence[_Kernel]) -> int:
    return max((back + 1 for kernel in kernels for back, names in enumerate(kernel.found) if names), default=0)


def _mean(kernel: _Kernel, score: TargetScore, states: Array, memory: Mapping[str, Array]) -> Array:
    """Means of the next state at ``states`` (n,) with these remembered slots (n,), zero if they are not given."""
    slots = {name: values[None, :, None] for name, values in memory.items()}
    return _carried(kernel, score, states[None, :, None], slots)[0, :, 0]


def _carried(kernel: _Kernel, score: TargetScore, bundle: Array, slots: Mapping[str, Array]) -> Array:
    """The mean of the next state, for a bundle (1+p, n, 1) of states; slots that are not given are zero."""
    operations = [*kernel.quiet, Combine("mean", kernel.last.weights)]
    known = {name for operation in operations for name in inputs(operation)}
    values = {name: np.zeros_like(bundle) for name in known} | dict(slots) | {STATE: bundle}
    carry(operations, values, Flow(score))
    return values["mean"]


def _spacing(sigma: float, following: _Kernel, score: TargetScore, x: Array) -> float:
    """Of the grid of a state: as fine as its own noise, and as the next step's noise where the mean is steepest."""
    slope = _carried(following, score, np.stack([x, np.ones_like(x)])[:, :, None], {})[1, :, 0]
    return float(min(sigma, following.last.deviation / np.max(np.abs(slope)))) / NODES


def _share(kernel: _Kernel, score: TargetScore, memory: Mapping[str, Array], names: Sequence[str]) -> Array:
    """(n,) what slots that were made at one earlier state add to the mean; one zero if there are none."""
    if not names:
        return np.zeros(1)
    anywhere = np.zeros(len(memory[names[0]]))
    some = {name: memory[name] for name in names}
    return _mean(kernel, score, anywhere, some) - _mean(kernel, score, anywhere, {})


def _remembered(kernel: _Kernel, score: TargetScore, states: Array) -> dict[str, Array]:
    """The slots (n,) that a step makes of its state alone, at states (n,)."""
    slots, own = {STATE: states[None, :, None]}, {STATE}
    for operation in kernel.quiet:
        if inputs(operation) <= own:
            carry([operation], slots, Flow(score))
            own.add(operation.into)
    return {name: values[0, :, 0] for name, values in slots.items() if name != STATE}


def _next(weights: sparse.csc_matrix, ahead: Array, behind: Array, spacing: float, sigma: float,
          schedule: NoiseSchedule, depth: int) -> tuple[Array, sparse.csr_matrix]:
    """The grid of the next state, and the joint masses (n, k) of the columns of ``weights`` and the next state.

    ``weights`` (m, n) are the masses of (oldest state, tuple of later ones); means are ``behind`` + ``ahead``.
    """
    count = np.diff(weights.indptr)
    full = np.flatnonzero(count)
    starts = weights.indptr[:-1][full]
    share = behind[weights.indices] if len(behind) > 1 else np.zeros(len(weights.indices))
    lowest, highest = np.minimum.reduceat(share, starts), np.maximum.reduceat(share, starts)
    low, reach = ahead[full] + lowest - REACH[depth] * sigma, 2.0 * REACH[depth] * sigma
    width = int((highest - lowest).max() / spacing + reach / spacing) + 2
    origin = low.min()
    begin = np.floor((low - origin) / spacing).astype(np.intp)
    total = int(begin.max()) + width
    require(total <= LARGEST and len(full) * width <= MOST_ENTRIES, "T", schedule.steps, f"the noise of a step is "
            f"{sigma:.1g}, which takes too many {('pairs', 'triples')[depth - 1]} of nodes: take fewer steps, or more "
            "noise")
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
    keep = values > NEGLIGIBLE[depth] * values.max()
    row, column = np.nonzero(keep)
    joint = sparse.csr_matrix((values[keep], (full[row], begin[row] + column)), shape=(weights.shape[1], total))
    return origin + spacing * np.arange(total), joint


def _moved_on(joint: _Joint, masses: sparse.csr_matrix) -> _Joint:
    """The oldest state is gone; the next one, a column of ``masses``, is the newest."""
    if len(joint.tuples) == 1:  # rows are the nodes of the state, which is now the oldest
        return _Joint(masses.tocsc(), (np.arange(masses.shape[1]),))
    entries = masses.tocoo()
    x, u = (nodes[entries.row] for nodes in joint.tuples)
    keys, column = np.unique(x.astype(np.int64) * masses.shape[1] + entries.col, return_inverse=True)
    table = sparse.csc_matrix((entries.data, (u, column)), shape=(int(u.max()) + 1, len(keys)))
    return _Joint(table, (keys % masses.shape[1], keys // masses.shape[1]))
