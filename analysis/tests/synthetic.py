"""Records of runs that never ran, with known slopes: what the tests of the analysis are held against."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np

from analysis import runs as table_of_runs
from heroism.record import Plan, Record

FAMILIES = ("digits", "hypercube", "low_rank_mixture", "product_mixture", "scale_mixture", "sphere")
ORDERS = {1: 1, 2: 2, 3: 4, 4: 4, 5: 6}


def error(steps, order, d, by_d=0.5, scale=1.0):
    """``scale d^by_d h^order``, saturating at one as a total variation does."""
    h = np.log(steps) / steps
    return float(-np.expm1(-scale * d**by_d * h**order))


def record(target="sphere", d=16, K=3, T=64, value=None, *, seed=0, study="dimension", status="done", noise=0.02,
           floor=1e-13, estimates=None, config=None, particles=1000, **more):
    """What one record says, with the ``studies`` whose plans need it; ``value`` the total variation."""
    refinements = int(np.ceil(1.5 * np.log(T)))
    if estimates is None:
        value = min(value, 1.0)  # noise may carry it beyond
        estimates = {"total_variation": {"value": value, "stderr": noise * value, "floor": floor, "n": particles}}
    content = {
        "kind": "rung", "status": status, "reason": None, "traceback": None, "study": study,
        "studies": [study] if study else [], "target": target, "sampler": "heroism", "schedule": "paper",
        "perturbation": "none", "start": "exact", "deciding": "total_variation", "d": d, "K": K, "N": "auto", "T": T,
        "epsilon": None, "rungs": None, "scheduler": None, "particles": particles, "seed": seed,
        "order": ORDERS.get(K, 1), "ambient_dim": d,
        "reduced_dim": 1,
        "evaluations": (T - 1) * (1 + ((K or 1) - 1) * refinements), "rounds": (T - 1) * refinements,
        "seconds": 0.1 + 1 / 3, "memory_mb": 99.5, "folded": 0.0, "diverged": 0.0, "tau_end": T**-2.0,
        "score_error": 0.0, "jacobian_error": 0.0, "estimates": estimates,
        "config": config or {"target": {"dim": d}, "seed": seed},
        "versions": {"python": "3.11.1", "heroism": "0.1.0", "numpy": "2.4.6", "scipy": "1.17.1"},
        "commit": "0123456789abcdef0123456789abcdef01234567", "dirty": False,
        "machine": {"system": "Linux x86_64", "cpu": "A Processor", "cores": 2}, "code": "0123456789abcdef",
        "finished": "2026-01-02T03:04:05+00:00", **more}
    if content["kind"] == "answer":
        content["rungs"] = [T]
    content["step"] = float(np.log(T) / T) if content["schedule"] == "paper" else 1.0 / (T - 1)
    content["key"] = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:20]
    return content


def failed(reason="a reason", **names):
    content = record(status="failed", estimates={}, **names) | {"reason": reason, "evaluations": None, "rounds": None}
    return content | {"step": None}


def made(content) -> Record:
    """The record, as it is read from its file."""
    return Record.made(Path(f"{content['key']}.json"),
                       **{name: value for name, value in content.items() if name != "studies"})


def plans(records) -> dict[str, Plan]:
    """A whole plan for every study that the records belong to."""
    keys = {}
    for content in records:
        for study in content["studies"]:
            keys.setdefault(study, []).append(content["key"])
    return {study: Plan(study=study, overrides=(), keys=tuple(names)) for study, names in keys.items()}


def tidy(records):
    """(runs, environments) of these records."""
    records = list(records)
    return table_of_runs.tidy([made(content) for content in records], plans(records))


def save(results: Path, records) -> None:
    """Records and plans as a sweep leaves them; plans that are there already are added to."""
    records = list(records)
    (results / "raw" / "plans").mkdir(parents=True, exist_ok=True)
    for content in records:
        (results / "raw" / f"{content['key']}.json").write_text(made(content).dumps())
    for study, plan in plans(records).items():
        path = results / "raw" / "plans" / f"{study}.json"
        known = Plan.parse(path.read_bytes(), path).keys if path.is_file() else ()
        path.write_text(Plan(study=study, overrides=(), keys=(*known, *plan.keys)).dumps())


def dimension_study(by_d=0.5, families=FAMILIES, dims=(4, 16, 64, 256, 1024), points=(1, 2, 3, 4), noise=0.02,
                    ladder=(16, 32, 64, 128, 256, 512, 1024)):
    """Errors ``d^by_d h^p`` (family by family a little harder), so T grows like d^(by_d / p)."""
    rng = np.random.default_rng(0)
    for number, target in enumerate(families):
        for d in dims if target != "digits" else (1, 4, 16, 64):
            for K in points:
                for T in ladder:
                    value = error(T, ORDERS[K], d, by_d * (1 + 0.1 * number)) * np.exp(noise * rng.normal())
                    yield record(target, d, K, T, value, noise=max(noise, 1e-4))
                    if value < 1e-9:
                        break


def accuracy_study(noise=0.02, families=FAMILIES, dims=(16, 1024)):
    rng = np.random.default_rng(1)
    for number, target in enumerate(families):
        for d in dims if target != "digits" else (16,):
            for K in ORDERS:
                for T in (16, 32, 64, 128, 256, 512, 1024):
                    value = error(T, ORDERS[K], d, scale=3.0 + number) * np.exp(noise * rng.normal()) + 1e-14
                    yield record(target, d, K, T, value, study="accuracy", noise=noise, floor=1e-14 * np.sqrt(d))
                    if value < 1e-12:
                        break


def floors_study(d=2, target="circle"):
    floors = {"histogram": 0.012, "wasserstein": 0.05, "sliced_wasserstein": 0.02, "sinkhorn": 0.06}
    for T in (16, 32, 64, 128, 256, 512):
        exact = error(T, 4, d, scale=30.0)
        parts = {"total_variation": {"value": exact, "stderr": 0.03 * exact, "floor": 1e-14, "n": 4000}}
        for name, floor in floors.items():
            value = float(np.hypot(exact * (0.8 if name == "histogram" else 0.5), floor))
            parts[name] = {"value": value, "stderr": 0.1 * floor, "floor": floor, "n": 4000}
        yield record(target, d, 3, T, study="floors", estimates=parts, particles=4000)


def leaderboard_study(targets=(("sphere", 16), ("low_rank_mixture", 4))):
    """Samplers of a known order and cost per step; the parallel one makes ten evaluations in every round."""
    methods = [("heroism_frugal", 6, 1, 1, {}), ("heroism_parallel", 8, 10, 1, {}), ("ddim", 1, 1, 1, {}),
               ("dpm_solver_pp", 2, 1, 1, {"order": 2}), ("dpm_solver_pp", 3, 1, 1, {"order": 3}),
               ("diffusers", 2, 1, 1, {"scheduler": "UniPCMultistepScheduler"})]
    for target, d in targets:
        for sampler, order, evaluations, rounds, settings in methods:
            for T in (4, 8, 16, 32, 64, 128, 256, 512):
                value = -float(np.expm1(-30.0 * (T - 1.0) ** -order)) + 1e-14
                yield record(target, d, None, T, value, study="leaderboard", sampler=sampler, schedule="log_snr",
                             N=None, order=order, evaluations=evaluations * (T - 1), rounds=rounds * (T - 1),
                             config={"target": {"dim": d}, "sampler": settings, "seed": 0})


def published_study():
    for d in (8, 32):
        for steps in (16, 32, 64):
            joint = min(1.0, 20.0 * np.sqrt(d) / steps**2)
            parts = {"total_variation": {"value": joint, "stderr": 0.02 * joint, "floor": 1e-14, "n": 100}}
            if d == 8:
                parts["histogram"] = {"value": 0.2 * joint + 0.01, "stderr": 0.003, "floor": 0.01, "n": 100}
            yield record("published_5mode", d, None, steps + 1, study="published", estimates=parts, sampler="heun",
                         schedule="uniform_time", start="gaussian", order=2, evaluations=2 * steps, rounds=2 * steps)


def shipped_study():
    """Two schedulers of diffusers on two targets, as shipped with a floor, and in double precision without."""
    for name, order in (("UniPCMultistepScheduler", 3), ("DPMSolverMultistepScheduler", 2)):
        for target, scale in (("gaussian_mixture", 4.0), ("scale_mixture", 9.0)):
            for precision, floor in (("shipped", 3e-6), ("double", 0.0)):
                for T in (7, 13, 25, 49, 97, 193, 385):
                    value = min(0.9, scale * (T - 1.0) ** -order + floor)
                    sampler = {"scheduler": name, "precision": precision, "options": {"solver_order": order - 1}}
                    yield record(target, 16, None, T, value, study="diffusers", sampler="diffusers", order=order,
                                 schedule="log_snr", evaluations=T - 1, rounds=T - 1, config={"sampler": sampler})


def budget_study():
    """Shares of an error that add up to it."""
    shares = {"initialisation": 0.001, "jacobian": 0.01, "score": -0.002, "refinement": 0.004, "discretisation": 0.002}
    for target in ("sphere", "hypercube"):
        for T in (32, 64, 128):
            parts = {"total_variation": 0.015, "budget": sum(shares.values()),
                     **{f"budget_{name}": value for name, value in shares.items()}}
            yield record(target, 4, 3, T, study="budget", estimates={
                name: {"value": value, "stderr": 0.0005, "floor": 0.0, "n": 100} for name, value in parts.items()})


def sweep(samplers=(("ddim", 1), ("unipc", 3)), dims=(4, 64), steps=(16, 32, 64, 128), study="sweep", **more):
    """A question of one's own: samplers of known orders in the step of the paper's schedule."""
    for sampler, order in samplers:
        for d in dims:
            for T in steps:
                yield record("sphere", d, None, T, error(T, order, d), study=study, sampler=sampler, order=order,
                             N=None, **more)
