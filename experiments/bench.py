"""``python -m experiments.bench``: CPU time per particle and score evaluation, all tangents included.

Of HEROISM, K = 4, N = 5, T = 32, beside the same algorithm in jitted JAX and the floors of the arithmetic; with
``--targets`` of one evaluation, for every target of conf/target.
"""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from hydra import compose, initialize_config_dir
from rich.console import Console
from rich.table import Table

from experiments.build import make
from experiments.measure import seconds_per_evaluation
from experiments.origin import provenance
from experiments.paths import CONF
from heroism import places
from heroism.map import Map
from heroism.noise import Array, log_snr_schedule, paper_schedule
from heroism.samplers import Heroism
from heroism.scores import ExactScore
from heroism.targets import Empirical, GaussianMixture, ProductMixture, ScaleMixture
from heroism.targets.mixtures import Mixture

REPEATS, WARM = 5, 500
STEPS, SAMPLER = 32, Heroism(4, 5)
SMALL_NOISE = (1e-7, 1e-4)  # of the empirical targets, beside the whole schedule: tau, where only near points count
COMPARED = 2 * 10**4  # numbers times components of a case up to which JAX is run; beyond, it takes minutes


def cases() -> Iterator[tuple[str, Mixture, int]]:
    """(name, target, particles)."""
    rng = np.random.default_rng(13)
    for d, m, n in ((4, 3, 8192), (16, 8, 4096), (64, 16, 1024)):
        means = 2.0 * rng.standard_normal((m, d))
        yield f"mixture {d} {m}", GaussianMixture(means, 0.1), n
        if d < 64:
            factors = rng.standard_normal((m, d, d)) / np.sqrt(d)
            full = 0.3 * factors @ factors.transpose(0, 2, 1) + 0.05 * np.eye(d)
            yield f"mixture {d} {m} full", GaussianMixture(means, full), n
    yield "product 1e5", ProductMixture([-1.0, 1.0], 0.1, [0.4, 0.6], dim=10**5), 16384
    yield "radial 1e6", ScaleMixture(10**6, [1.0, 0.05], [0.5, 0.5]), 16384
    yield "digit 0, d = 10", Empirical.digits(10, 0), 256
    yield "digits, d = 10", Empirical.digits(10), 128
    for m, d in ((10**3, 2), (10**3, 16), (10**4, 4), (10**5, 2), (10**5, 16)):
        centres = rng.standard_normal((20, d))[rng.integers(20, size=m)]
        yield f"points {m} {d}", Empirical(centres + 0.3 * rng.standard_normal((m, d))), 32 if m > 10**4 else 128


def main() -> None:
    """Print the table; write results/bench.csv, and machine and versions to results/bench.json."""
    if "--targets" in sys.argv[1:]:
        targets()
        return
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")  # before JAX is imported
    columns = ("case", "d", "reduced_d", "components", "ns", "jax_ns", "times_faster", "small_noise_ns",
               "product_floor_ns", "exp_floor_ns")
    rows = [dict(zip(columns, row(*case), strict=True)) for case in cases()]
    table = Table(*columns)
    for each in rows:
        table.add_row(*("" if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)
                        for value in each.values()))
    Console().print(table)
    folder = places.results()
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "bench.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    (folder / "bench.json").write_text(json.dumps(dict(provenance()), indent=1) + "\n")


def row(name: str, target: Mixture, n: int) -> list[Any]:
    """One line of the table; ours and JAX in turn, so that both see the same machine."""
    schedule, evaluations = paper_schedule(STEPS), SAMPLER.evaluations(STEPS) * n
    ready = Map(SAMPLER, ExactScore(target), schedule)
    z = ready.law.sample(n, np.random.default_rng(1))
    calls: list[Callable[[], Any]] = [lambda: ready(z)]
    many = target.dim * target.components.count > COMPARED
    if importlib.util.find_spec("jax") and not many:
        calls += baselines(target, z)
    best = [1e9 / evaluations * seconds for seconds in in_turn(calls)]
    other = min(best[1:], default=None)
    small = None
    if isinstance(target, Empirical):
        quiet = Map(SAMPLER, ExactScore(target), log_snr_schedule(STEPS, *SMALL_NOISE))
        inside = quiet.law.sample(n, np.random.default_rng(1))
        small = 1e9 / evaluations * in_turn([lambda: quiet(inside)])[0]
    return [name, target.ambient_dim, target.dim, target.components.count, best[0], other,
            None if other is None else other / best[0], small, *floors(target)]


def baselines(target: Mixture, z: Array) -> list[Callable[[], Any]]:
    """JAX on all particles at once and on a block that fits the cache."""
    from experiments.baseline import paths  # here: an extra

    x = z if target.basis is None else target.lift(z, np.random.default_rng(2))
    compiled = paths(SAMPLER, target, paper_schedule(STEPS))
    block = min(256, len(x))
    parts = np.split(x[: len(x) // block * block], len(x) // block)
    return [lambda: compiled(x)[1].block_until_ready(),
            lambda: [compiled(part)[1].block_until_ready() for part in parts]]


def floors(target: Mixture) -> tuple[float, float]:
    """Nanoseconds of the matrix products of one evaluation (component scores, curvature, tangents, the sampler's sum),
    and of its exponentials, at the speed of large ones.
    """
    c, k = target.dim, target.components.count
    multiplications = k * c + k * c * (c + 1) // 2 + c**3 + SAMPLER.points * c * (1 + c)
    square, line = np.random.default_rng(0).random((512, 512)), -np.random.default_rng(0).random(4096)
    result, values = np.empty_like(square), np.empty_like(line)
    product, = in_turn([lambda: np.matmul(square, square, out=result)])
    exponentials, = in_turn([lambda: [np.exp(line, out=values) for _ in range(WARM)]])  # in a cache that stays warm
    return 1e9 * multiplications * product / 512**3, 1e9 * k * exponentials / (WARM * len(line))


def in_turn(calls: list[Callable[[], Any]]) -> list[float]:
    """Seconds of CPU time of each call, the best of a few rounds of all of them."""
    best = [np.inf] * len(calls)
    for call in calls:
        call()  # the first one pays for caches and compilers
    for _ in range(REPEATS):
        for i, call in enumerate(calls):
            started = time.process_time()
            call()
            best[i] = min(best[i], time.process_time() - started)
    return best


def targets() -> None:
    """Print the cost of one evaluation of every target: the best of a few measurements, in microseconds a particle."""
    table = Table("target", "d", "reduced d", "Jacobian", "microseconds")
    with initialize_config_dir(str(CONF), version_base="1.3"):
        for file in sorted((CONF / "target").glob("*.yaml")):
            target = make(compose("config", [f"target={file.stem}"]).target, "target")
            best = min(seconds_per_evaluation(target, paper_schedule(64)) for _ in range(REPEATS))
            table.add_row(file.stem, str(target.ambient_dim), str(target.dim), target.jacobian, f"{1e6 * best:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
