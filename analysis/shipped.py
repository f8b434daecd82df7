"""Other people's solvers as they are shipped: the order they reach, where it ends, where they stop, and why.

Every reason is an experiment of the study. What stops the shipped code and not the same code in double precision is
rounding; what goes away when the score is taken at the sigma of the step is the rounding of timesteps; what goes away
with another option is that option. What remains is the method's, and is named in ``METHOD`` with what was looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis.curves import DISTANCE, curves
from heroism.rates import fit_rate
from heroism.samplers.external.catalogue import REFUSED
from heroism.samplers.external.solve_ivp import REFUSED_STEPPERS

Row = dict[str, Any]
METHODS = ["package", "solver", "options", "levels"]
TWINS = {"precision": "shipped", "asked_at": "timestep"}  # what is shipped; anything else is an experiment
SETTLED = 0.1  # a total variation above it says nothing of an order
FALLS = 1.5  # a curve that no later rung takes below this share of it has stopped
APART = 1.4  # two curves are two from here on
NOTED = 0.3  # so much below wants a reason
RISE = 2.0
HIGH_TO_ZERO = ("LMSDiscreteScheduler",)  # whose step to zero noise is like any other
SHORT = 0.5  # an order so much below the claimed one is another order
LAST = 4  # rungs of a fit, the finest that are left
PACKAGES = {"diffusers": "diffusers", "solve_ivp": "scipy", "diffrax": "diffrax"}

# (solver, options it needs, what stops it): a property of the method, found as the sentence says.
METHOD: tuple[tuple[str, str, str], ...] = (
    ("DPMSolverMultistepScheduler", "solver_order=3",
     "its second difference has half of its weight: the same class with it doubled is exponential Adams of order 3"),
    ("DPMSolverMultistepScheduler", "solver_order=3 use_karras_sigmas",
     "from T = 16 on its last step is of third order and of length zero, by which it divides"),
    ("PNDMScheduler", "",
     "its Adams-Bashforth weights are those of even steps in sigma, and only there it has order 4"),
    ("DDIMScheduler", "timestep_spacing",
     "its step leads to timestep t - 1000 // N, which is not the next one that it is asked for"),
)


def shipped(runs: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Tables of the study.

    ``diffusers`` : one row per solver, options, levels and target; the ones that cannot run have a reason only.
    ``diffusers_curves`` : every run, with the settings of its experiment.
    """
    points = _named(curves(runs, DISTANCE))
    reasons = _failures(runs)
    rows = [row for _, method in points.groupby([*METHODS, "target"], sort=False) for row in _rows(method, points)]
    for row in rows:
        failed = reasons.get((row["solver"], row["options"], row["target"]))
        if failed:
            row["why"] = "; ".join(filter(None, [row["why"], failed]))
    known = list(PACKAGES.values())
    rows.sort(key=lambda row: [known.index(row["package"]) if row["package"] in known else len(known),
                               *(row[name] for name in ("levels", "solver", "options", "target"))])
    table = pd.DataFrame([*rows, *_refused()], columns=COLUMNS)
    return {"diffusers": table, "diffusers_curves": points}


COLUMNS = [*METHODS, "target", "claimed", "order", "order_low", "order_high", "holds_to", "stops_at", "floor",
           "evaluations", "goes_on_to", "why"]


def settings(variant: object) -> dict[str, str]:
    """``precision=double options.solver_order=3 ...`` as a dictionary, without what has its default."""
    parts = (part.partition("=") for part in str(variant or "").split())
    return {name.removeprefix("options."): value for name, _, value in parts if value != "None"}


def _named(points: pd.DataFrame) -> pd.DataFrame:
    """With the solver, its options, the levels it runs on, and the experiment."""
    found = []
    for row in points[["sampler", "schedule", "variant"]].itertuples(index=False):
        known = settings(row.variant)
        twins = {name: known.pop(name, default) for name, default in TWINS.items()}
        end = known.pop("end", "sigma_min")
        solver = next((known.pop(name) for name in ("scheduler", "method", "solver") if name in known), row.sampler)
        levels = f"trained, to {end}" if row.schedule == "trained" else "ours"
        found.append({"package": PACKAGES.get(row.sampler, row.sampler), "solver": solver, "levels": levels,
                      "options": " ".join(f"{name}={value}" for name, value in sorted(known.items())), **twins})
    named = pd.DataFrame(found, index=points.index, columns=[*METHODS, *TWINS])
    return points.drop(columns=["variant", "family"]).join(named)


def _rows(method: pd.DataFrame, points: pd.DataFrame) -> Iterator[Row]:
    curve = _twin(method)
    if curve.empty:
        return
    double, at_sigma = _twin(method, precision="double"), _twin(method, asked_at="sigma")
    rounds = _parts_at(curve, double)
    stops = _stops(double if len(double) else curve)
    ends = [at for at in (rounds, stops) if at is not None]
    end = min(ends) if ends else None
    used = curve[(curve["value"] < SETTLED) & (curve["T"] < (end if end is not None else np.inf))].tail(LAST)
    # without standard errors: every rung has the same starting points, and their noise cancels in the slope
    fit = fit_rate(used["T"].to_numpy(float) - 1.0, used["value"], None, used["floor"], unusable=list(used["unusable"]))
    claimed, (low, high) = float(curve["order"].iloc[0]), fit.interval()
    floor = curve[curve["T"] >= end]["value"].median() if end is not None else np.nan
    first = curve.iloc[0]
    row = {name: first[name] for name in [*METHODS, "target"]}
    others = {"single precision": double, "timesteps": at_sigma}
    why = list(_why(row, curve, fit.slope, claimed, rounds, stops, others, points))
    yield {**row, "claimed": claimed, "order": -fit.slope, "order_low": -high, "order_high": -low,
           "holds_to": _holds_to(curve, claimed), "stops_at": end, "floor": floor,
           "evaluations": _at(curve, end, "evaluations"),
           "goes_on_to": double["value"].min() if rounds is not None else np.nan, "why": "; ".join(why)}


def _why(row: Row, curve: pd.DataFrame, slope: float, claimed: float, rounds: float | None, stops: float | None,
         others: Mapping[str, pd.DataFrame], points: pd.DataFrame) -> Iterator[str]:
    if rounds is not None:
        double = others["single precision"]
        finest = double["T"].max()
        yield f"single precision: in double the same code has {_at(double, finest, 'value'):.0e} at T = {finest:.0f}" \
              f", shipped {_at(curve, finest, 'value'):.0e}"
    at_sigma = _parts_at(curve, others["timesteps"])
    if at_sigma is not None:
        twin, finest = others["timesteps"], curve["T"].max()
        if _at(twin, finest, "value") < _at(curve, finest, "value") / APART:
            yield "timesteps are whole numbers: asked at the sigma of the step it has " \
                  f"{_at(twin, finest, 'value'):.0e} at T = {finest:.0f}, shipped {_at(curve, finest, 'value'):.0e}"
    yield from _final_order(row, others["single precision"], points)
    short = np.isfinite(slope) and -slope < claimed - NOTED
    rises = _rises(curve)
    if rises:
        yield f"rises at T = {rises[0]:.0f}"
    if short or rises or stops is not None:
        found = [words for solver, needs, words in METHOD if solver == row["solver"] and needs in row["options"]]
        yield from found[-1:]
        if short and not found and row["levels"] == "trained, to sigma_min":
            yield from _uneven(row, curve, points)
        if row["levels"] == "trained, to zero" and row["solver"] not in HIGH_TO_ZERO:
            yield from _to_zero(row, curve, points)
        if _leading(row):
            yield "leading timesteps start below 999, whose noise the sample has: DDIM's 300 at 897, those of " \
                  "multistep solvers, 500 of them, at 500"


def _final_order(row: Row, double: pd.DataFrame, points: pd.DataFrame) -> Iterator[str]:
    """What the last steps of lower order cost, in double precision, where nothing else shows."""
    if "lower_order_final" in row["options"]:
        return
    options = " ".join(sorted([*row["options"].split(), "lower_order_final=False"]))
    twin = _twin(_same(row, points, options), precision="double")
    finest = twin["T"].max()
    if _at(twin, finest, "value") < _at(double, finest, "value") / APART:
        yield f"lower_order_final: in double {_at(twin, finest, 'value'):.0e} at T = {finest:.0f} without it, " \
              f"{_at(double, finest, 'value'):.0e} with it"


def _same(row: Row, points: pd.DataFrame, options: str) -> pd.DataFrame:
    """The same solver, target and levels with other options."""
    kept = points["options"] == options
    for name in ("solver", "target", "levels"):
        kept &= points[name] == row[name]
    return points[kept]


def _leading(row: Row) -> bool:
    """Whether its timesteps start where their spacing leaves them, below the last of the table."""
    by_itself = row["solver"] in ("DDIMScheduler", "PNDMScheduler") and "timestep_spacing" not in row["options"]
    return row["levels"] != "ours" and (by_itself or "timestep_spacing=leading" in row["options"])


def _uneven(row: Row, curve: pd.DataFrame, points: pd.DataFrame) -> Iterator[str]:
    """What the same solver has with steps that are more even in log-SNR."""
    kept = [part for part in row["options"].split() if "spacing" not in part and "final=" not in part]
    options = " ".join(sorted([*kept, "use_karras_sigmas=True"]))
    twin, finest = _twin(_same(row, points, options), asked_at="sigma"), curve["T"].max()
    if _at(twin, finest, "value") < _at(curve, finest, "value") / APART:
        yield "even timesteps end in long steps of log-SNR: with use_karras_sigmas, asked at the sigma of the step, " \
              f"{_at(twin, finest, 'value'):.0e} at T = {finest:.0f}, so {_at(curve, finest, 'value'):.0e}"


def _to_zero(row: Row, curve: pd.DataFrame, points: pd.DataFrame) -> Iterator[str]:
    """What the same solver has at the same T if it stops at sigma_min."""
    same = points[(points["solver"] == row["solver"]) & (points["target"] == row["target"])
                  & (points["levels"] == "trained, to sigma_min")]
    ends = ("final_sigmas_type", "set_alpha_to_one")
    options = {" ".join(part for part in text.split() if not part.startswith(ends)): text
               for text in same["options"].unique()}
    twin = _twin(same[same["options"] == options.get(row["options"])])
    finest = curve["T"].max()
    words = "its last step, from sigma_min to zero noise, is of first order and as long at every T"
    if len(twin) and _at(twin, finest, "value") < _at(curve, finest, "value") / APART:
        words += f": without it {_at(twin, finest, 'value'):.0e} at T = {finest:.0f}, with it " \
                 f"{_at(curve, finest, 'value'):.0e}"
    yield words


def _twin(method: pd.DataFrame, **other: str) -> pd.DataFrame:
    """The curve of one experiment, by T, without runs that failed."""
    for name, default in TWINS.items():
        method = method[method[name] == other.get(name, default)]
    return method.dropna(subset="value").sort_values("T")


def _parts_at(curve: pd.DataFrame, twin: pd.DataFrame) -> float | None:
    """The first T from which on two curves differ; None if they are one at the end."""
    both = curve.merge(twin[["T", "value"]], on="T", suffixes=("", "_twin"))
    ratio = np.abs(np.log(both["value"] / both["value_twin"])) > np.log(APART)
    if both.empty or not ratio.iloc[-1]:
        return None
    return float(both["T"][np.flatnonzero(np.append(True, ~ratio.to_numpy()))[-1]])


def _stops(curve: pd.DataFrame) -> float | None:
    """The first T that no later one improves upon; None for a curve that falls to its end."""
    value, steps = curve["value"].to_numpy(float), curve["T"].to_numpy(float)
    later = np.minimum.accumulate(value[::-1])[::-1]
    stopped = [i for i in range(len(value) - 1) if later[i + 1] > value[i] / FALLS
               and value[i] > 10.0 * curve["floor"].iloc[i]]
    return float(steps[stopped[0]]) if stopped else None


def _rises(curve: pd.DataFrame) -> list[float]:
    """Every T whose error is far above that of a smaller one."""
    least = np.minimum.accumulate(curve["value"].to_numpy(float))
    later = curve.iloc[1:]
    return [float(steps) for steps, value, before in zip(later["T"], later["value"], least[:-1], strict=True)
            if value > RISE * before]


def _holds_to(curve: pd.DataFrame, claimed: float) -> float:
    """The last T to which the error fell, from the rung before, at about the claimed order; NaN if it never does."""
    settled = curve[curve["value"] < SETTLED]
    logs = np.log(settled[["T", "value"]].assign(T=settled["T"].astype(float) - 1.0).to_numpy(float))
    held = np.nan
    for before, after, steps in zip(logs, logs[1:], settled["T"].iloc[1:], strict=False):
        if (before[1] - after[1]) / (after[0] - before[0]) >= claimed - SHORT:
            held = float(steps)
    return held


def _at(curve: pd.DataFrame, steps: float | None, column: str) -> float:
    found = curve[curve["T"] == steps][column]
    return float(found.iloc[0]) if len(found) else np.nan


def _failures(runs: pd.DataFrame) -> dict[tuple[str, str, str], str]:
    """Why runs failed, by solver, options and target."""
    failed = runs[runs["status"] == "failed"]
    named = _named(failed.assign(family="")) if len(failed) else failed
    found: dict[tuple[str, str, str], str] = {}
    for row in named.sort_values("T").itertuples(index=False) if len(failed) else ():
        found.setdefault((row.solver, row.options, row.target),
                         f"fails from T = {row.T:.0f} on: {row.reason}; its first two timesteps are the same number, "
                         "and it takes itself to be at the second")
    return found


def _refused() -> Iterator[Row]:
    for package, reasons in (("diffusers", REFUSED), ("scipy", REFUSED_STEPPERS)):
        for solver, why in reasons.items():
            yield {"package": package, "solver": solver, "options": "", "levels": "", "target": "",
                   "why": f"cannot run: {why}"}
