"""Other people's solvers as they are shipped: the order they reach, where it ends, where they stop, and why.

Every reason is an experiment of the study. What stops the shipped code and not the same code in double precision is
rounding; what goes away when the score is taken at the sigma of the step is the rounding of timesteps; what goes away
with another option is that option. What remains is the method's, and is named in ``METHOD`` with what was looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import looks, style
from analysis.curves import DISTANCE, curves, is_spoiled
from analysis.runs import parameters
from analysis.text import DOUBTFUL, NONE, mark, markdown, number
from heroism.rates import fit_rate
from heroism.samplers.external.catalogue import REFUSED
from heroism.samplers.external.solve_ivp import REFUSED_STEPPERS

NOTE = ("Both targets, the Gaussian mixture / the scale mixture. Order: on the last rungs above the floor. Holds to "
        "T: the last to which the error fell at about the claimed order. results/diffusers.md has every option, the "
        "tables of a trained model, SciPy, diffrax, and what cannot run. " + DOUBTFUL)
METHODS = ["package", "solver", "options", "levels"]
COLUMNS = [*METHODS, "target", "claimed", "order", "order_low", "order_high", "holds_to", "stops_at", "floor",
           "evaluations", "goes_on_to", "doubtful", "held_doubtful", "why"]
PACKAGES = {"diffusers": "diffusers", "solve_ivp": "scipy", "diffrax": "diffrax"}
SETTLED = 0.1  # a total variation above it says nothing of an order
FALLS = 1.5  # a curve that no later rung takes below this share of it has stopped
APART = 1.4  # two curves are two from here on
NOTED = 0.3  # so much below wants a reason
RISE = 2.0
SHORT = 0.5  # an order so much below the claimed one is another order
LAST = 4  # rungs of a fit, the finest that are left
OURS, TO_SIGMA_MIN, TO_ZERO = "ours", "trained, to sigma_min", "trained, to zero"  # levels that a solver runs on
HIGH_TO_ZERO = ("LMSDiscreteScheduler",)  # whose step to zero noise is like any other

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
Row = dict[str, Any]


class Experiment(NamedTuple):
    """A solver on a target; what is shipped has its own ``precision`` and is asked at its own timesteps."""

    solver: str
    options: str
    levels: str
    target: str
    precision: str = "shipped"
    asked_at: str = "timestep"


Curves = Mapping[Experiment, pd.DataFrame]  # of every experiment that was made, by T, without runs that failed
NEVER = pd.DataFrame(columns=["T", "value"], dtype=float)  # one that was not
UNWRITTEN = ("diffusers_curves",)


def tables(runs: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Tables of the study.

    ``diffusers`` : one row per solver, options, levels and target; the ones that cannot run have a reason only.
    ``doubtful``: of the runs from where it stops so many decide nothing, ``held_doubtful``: of those that settle it.
    ``diffusers_curves`` : every run, with the settings of its experiment.
    """
    points, failed = _named(curves(runs, DISTANCE)), _failures(runs)
    seen = {Experiment(*key): curve.dropna(subset="value").sort_values("T")
            for key, curve in points.groupby(list(Experiment._fields), sort=False)}
    package = dict(zip(points["solver"], points["package"], strict=True))
    rows = [{"package": package[one.solver], **_row(one, seen, failed.get(one[:4]))} for one, curve in seen.items()
            if one == Experiment(*one[:4]) and len(curve)]
    known = list(PACKAGES.values())
    rows.sort(key=lambda row: [known.index(row["package"]) if row["package"] in known else len(known),
                               *(row[name] for name in ("levels", "solver", "options", "target"))])
    return {"diffusers": pd.DataFrame([*rows, *_refused()], columns=COLUMNS), "diffusers_curves": points}


def _named(points: pd.DataFrame) -> pd.DataFrame:
    """With the solver, its options, the levels it runs on, and the experiment."""
    found = []
    for row in points[["sampler", "schedule", "variant"]].itertuples(index=False):
        known = {name.removeprefix("options."): value for name, value in parameters(row.variant).items()
                 if value != "None"}
        twins = {name: known.pop(name, Experiment._field_defaults[name]) for name in Experiment._field_defaults}
        end = known.pop("end", "sigma_min")
        solver = next((known.pop(name) for name in ("scheduler", "method", "solver") if name in known), row.sampler)
        found.append({"package": PACKAGES.get(row.sampler, row.sampler), "solver": solver,
                      "levels": f"trained, to {end}" if row.schedule == "trained" else OURS,
                      "options": " ".join(f"{name}={value}" for name, value in sorted(known.items())), **twins})
    named = pd.DataFrame(found, index=points.index, columns=[*METHODS, *Experiment._field_defaults])
    return points.drop(columns=["variant", "family"], errors="ignore").join(named)


def _failures(runs: pd.DataFrame) -> dict[tuple[str, ...], str]:
    """Why runs failed, in the words of their records, by solver, options, levels and target."""
    found: dict[tuple[str, ...], str] = {}
    for row in _named(runs[runs["status"] == "failed"]).sort_values("T").itertuples(index=False):
        found.setdefault((row.solver, row.options, row.levels, row.target),
                         f"fails from T = {row.T:.0f} on: {row.reason}")
    return found


def _refused() -> Iterator[Row]:
    for package, reasons in (("diffusers", REFUSED), ("scipy", REFUSED_STEPPERS)):
        for solver, why in reasons.items():
            yield {"package": package, "solver": solver, "options": "", "levels": "", "target": "",
                   "why": f"cannot run: {why}"}


# ---- what a curve says ---------------------------------------------------------------------------

def _twin(seen: Curves, one: Experiment, **other: str) -> pd.DataFrame:
    """The curve of an experiment that is like this one but for ``other``; empty if it was not made."""
    return seen.get(one._replace(**other), NEVER)


def _row(one: Experiment, seen: Curves, failed: str | None) -> Row:
    curve, double = seen[one], _twin(seen, one, precision="double")
    rounds, stops = _parts_at(curve, double), _stops(double if len(double) else curve)
    end = min((at for at in (rounds, stops) if at is not None), default=np.inf)
    used = curve[(curve["value"] < SETTLED) & (curve["T"] < end)].tail(LAST)
    # without standard errors: every rung has the same starting points, and their noise cancels in the slope
    fit = fit_rate(used["T"].to_numpy(float) - 1.0, used["value"], None, used["floor"], unusable=list(used["unusable"]))
    claimed, (low, high) = float(curve["order"].iloc[0]), fit.interval()
    rises, short = _rises(curve), np.isfinite(fit.slope) and -fit.slope < claimed - NOTED
    why = [*_experiments(one, seen, rounds), *([f"rises at T = {rises[0]:.0f}"] if rises else [])]
    if short or rises or stops is not None:
        why += _of_the_method(one, seen, bool(short))
    return {**one._asdict(), "claimed": claimed, "order": -fit.slope, "order_low": -high, "order_high": -low,
            "holds_to": _holds_to(curve, claimed), "stops_at": end if np.isfinite(end) else None,
            "floor": curve[curve["T"] >= end]["value"].median(), "evaluations": _at(curve, end, "evaluations"),
            "goes_on_to": double["value"].min() if rounds is not None else np.nan,
            "doubtful": int(is_spoiled(curve[curve["T"] >= end]).sum()),
            "held_doubtful": int(is_spoiled(curve[curve["value"] < SETTLED]).sum()),
            "why": "; ".join([*why, *([failed] if failed else [])])}


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
    stopped = (later[1:] > value[:-1] / FALLS) & (value[:-1] > 10.0 * curve["floor"].to_numpy(float)[:-1])
    return float(steps[np.argmax(stopped)]) if stopped.any() else None


def _rises(curve: pd.DataFrame) -> list[float]:
    """Every T whose error is far above that of a smaller one."""
    value = curve["value"].to_numpy(float)
    return list(curve["T"].to_numpy(float)[1:][value[1:] > RISE * np.minimum.accumulate(value)[:-1]])


def _holds_to(curve: pd.DataFrame, claimed: float) -> float:
    """The last T to which the error fell, from the rung before, at about the claimed order; NaN if it never does."""
    settled = curve[curve["value"] < SETTLED]
    steps = settled["T"].to_numpy(float)
    local = -np.diff(np.log(settled["value"].to_numpy(float))) / np.diff(np.log(steps - 1.0))
    held = steps[1:][local >= claimed - SHORT]
    return float(held[-1]) if len(held) else np.nan


def _at(curve: pd.DataFrame, steps: float, column: str = "value") -> float:
    found = curve[curve["T"] == steps][column]
    return float(found.iloc[0]) if len(found) else np.nan


# ---- why -----------------------------------------------------------------------------------------

def _better(twin: pd.DataFrame, curve: pd.DataFrame) -> tuple[str, str, str] | None:
    """(twin's error, the curve's, T) at the finest T of the curve, where the twin's is clearly smaller."""
    finest = curve["T"].max()
    ours, theirs = _at(twin, finest), _at(curve, finest)
    return (f"{ours:.0e}", f"{theirs:.0e}", f"T = {finest:.0f}") if ours < theirs / APART else None


def _experiments(one: Experiment, seen: Curves, rounds: float | None) -> Iterator[str]:
    """What the same solver does in double precision, at the sigma of the step, and without lower final orders."""
    curve, double, at_sigma = seen[one], _twin(seen, one, precision="double"), _twin(seen, one, asked_at="sigma")
    if rounds is not None:
        finest = double["T"].max()
        yield f"single precision: in double the same code has {_at(double, finest):.0e} at T = {finest:.0f}" \
              f", shipped {_at(curve, finest):.0e}"
    if _parts_at(curve, at_sigma) is not None and (found := _better(at_sigma, curve)):
        yield "timesteps are whole numbers: asked at the sigma of the step it has " \
              "{0} at {2}, shipped {1}".format(*found)
    options = " ".join(sorted([*one.options.split(), "lower_order_final=False"]))
    whole = _twin(seen, one, precision="double", options=options)
    if "lower_order_final" not in one.options and (found := _better(whole, double)):
        yield "lower_order_final: in double {0} at {2} without it, {1} with it".format(*found)


def _of_the_method(one: Experiment, seen: Curves, short: bool) -> Iterator[str]:
    """Why a solver falls short, rises or stops where neither precision nor timesteps are to blame."""
    found = [words for solver, needs, words in METHOD if solver == one.solver and needs in one.options]
    yield from found[-1:]
    if short and not found and one.levels == TO_SIGMA_MIN:
        yield from _uneven(one, seen)
    if one.levels == TO_ZERO and one.solver not in HIGH_TO_ZERO:
        yield from _to_zero(one, seen)
    by_itself = one.solver in ("DDIMScheduler", "PNDMScheduler") and "timestep_spacing" not in one.options
    if one.levels != OURS and (by_itself or "timestep_spacing=leading" in one.options):
        yield "leading timesteps start below 999, whose noise the sample has: DDIM's 300 at 897, those of " \
              "multistep solvers, 500 of them, at 500"


def _uneven(one: Experiment, seen: Curves) -> Iterator[str]:
    """What the same solver has with steps that are more even in log-SNR."""
    kept = [part for part in one.options.split() if "spacing" not in part and "final=" not in part]
    options = " ".join(sorted([*kept, "use_karras_sigmas=True"]))
    if found := _better(_twin(seen, one, options=options, asked_at="sigma"), seen[one]):
        yield "even timesteps end in long steps of log-SNR: with use_karras_sigmas, asked at the sigma of the step, " \
              "{0} at {2}, so {1}".format(*found)


def _to_zero(one: Experiment, seen: Curves) -> Iterator[str]:
    """What the same solver has at the same T if it stops at sigma_min."""
    ends = ("final_sigmas_type", "set_alpha_to_one")
    kept = {" ".join(part for part in other.options.split() if not part.startswith(ends)): other for other in seen
            if (other.solver, other.levels, other.target) == (one.solver, TO_SIGMA_MIN, one.target)}
    twin = _twin(seen, Experiment(*kept[one.options][:4])) if one.options in kept else NEVER
    found = _better(twin, seen[one])
    yield "its last step, from sigma_min to zero noise, is of first order and as long at every T" \
        + (": without it {0} at {2}, with it {1}".format(*found) if found else "")


# ---- for people ----------------------------------------------------------------------------------

SAID = ("final_sigmas_type=sigma_min", "set_alpha_to_one=False")  # the levels say it too
MINOR = ("algorithm_type", "solver_type", "lower_order_final", "skip_prk_steps")
HEAD = """# Other people's solvers, unmodified

The exact joint total variation of the schedulers of `diffusers`, of SciPy's `solve_ivp` and of `diffrax`, from an exact
start, on a Gaussian mixture in the plane and (after the stroke) a scale mixture in 16 dimensions. *Ours*: uniform
log-SNR, sigma from 80 to 0.01, handed over as `trained_betas`. *Trained*: the 1000 betas of Stable Diffusion, sigma
from 14.6 to 0.029, and the scheduler's own timesteps, down to its first level or to zero noise.

*Order*: of the total variation in 1/(T - 1), on the last rungs that are above what stops it. *Holds to T*: the last
rung to which the error fell at the claimed order, or half an order less. *Stops at T*: where the shipped code leaves
the same code in double precision, or where nothing improves any more, and the total variation from there on. *Why*: by
experiment; the same code with 64 for 32 bits, the score at the sigma of the step instead of that of the whole timestep,
another option. What is said of a formula is shown in `heroism/tests/test_external_diffusers.py`.
"""


def page(tables: Mapping[str, pd.DataFrame]) -> str:
    """Every solver, option and table; those that cannot run at the end."""
    return f"{HEAD}\n{markdown(everything(tables['diffusers']))}\n\n{DOUBTFUL}\n"


def summary(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The schedulers of diffusers on our levels, with their main option."""
    table = tables["diffusers"]
    minor = table["options"].fillna("").map(lambda text: any(name in text for name in MINOR)).astype(bool)
    kept = table[(table["package"] == "diffusers") & (table["levels"] == OURS) & ~minor]
    return everything(kept).drop(columns="levels") if len(kept) else pd.DataFrame()


def everything(table: pd.DataFrame) -> pd.DataFrame:
    """One row per solver, options and levels; the targets' values side by side, smallest and largest of a range."""
    return pd.DataFrame([_of_both(dict(zip(METHODS, key, strict=True)), rows)
                         for key, rows in table.fillna({"levels": ""}).groupby(METHODS, sort=False)])


def _of_both(method: Row, rows: pd.DataFrame) -> dict[str, str]:
    options = [part for part in str(method["options"]).split() if part not in SAID]
    stops = rows["stops_at"].dropna()
    stopped = mark(rows["doubtful"].sum()) if len(stops) else ""
    why = [text for text in rows.sort_values("floor", ascending=False)["why"].fillna("") if text]
    return {
        "solver": str(method["solver"]).removesuffix("Scheduler"),
        "options": ", ".join(options).replace("_", " ").replace("=True", "").replace("=", " "),
        "levels": str(method["levels"]), "claimed": number(rows["claimed"].iloc[0], ".0f"),
        "order": " / ".join(f"{order:.1f}" for order in rows["order"] if np.isfinite(order)) or NONE,
        "holds to T": number(rows["holds_to"].min(skipna=False), ".0f") + mark(rows["held_doubtful"].sum()),
        "stops at T": number(stops.min(), ".0f") + stopped,
        "at TV": number(rows["floor"].max(), ".0e") + stopped if len(stops) else NONE,
        "why": why[0] if why else "",
    }


DRAWN = (  # solver, options, name with the claimed order, look
    ("DPMSolverMultistepScheduler", "solver_order=2", "DPM-Solver++ 2M (2)", (looks.SKY, "v")),
    ("DPMSolverMultistepScheduler", "solver_order=3", "DPM-Solver++ 3M (3)", (looks.BLUE, "o")),
    ("UniPCMultistepScheduler", "solver_order=2", "UniPC-2 (3)", (looks.PURPLE, "^")),
    ("UniPCMultistepScheduler", "solver_order=3", "UniPC-3 (4)", (looks.VERMILION, "D")),
    ("DEISMultistepScheduler", "solver_order=3", "DEIS-3 (3)", (looks.ORANGE, "<")),
    ("LMSDiscreteScheduler", "", "LMS (4)", (looks.GREEN, "s")),
    ("PNDMScheduler", "", "PNDM (4)", (looks.BLACK, "X")),
)
PRECISIONS: dict[str, dict[str, Any]] = {"shipped": {"linestyle": "-"}, "double": {"linestyle": (0, (4, 2)),
                                                                                  "linewidth": 0.8, "marker": ""}}
REFERENCES = (2, 3, 4)


def draw(tables: Mapping[str, pd.DataFrame]) -> Figure | None:
    """``diffusers_curves``, one panel for each target; None without curves on our levels."""
    curves = tables["diffusers_curves"]
    drawn = {(solver, options) for solver, options, _, _ in DRAWN}
    known = np.array([key in drawn for key in zip(curves["solver"], curves["options"], strict=True)], dtype=bool)
    curves = curves[known & (curves["levels"] == OURS) & (curves["value"] > 0)]
    if curves.empty:
        return None
    panels = [(looks.place(str(target), here["d"].iloc[0]), here) for target, here in curves.groupby("target")]
    return style.panelled(panels, partial(_panel, smallest=float(curves["value"].min())), 2, 2.6,
                          "number of steps $T - 1$", style.TV, tables["environments"], sharey=True)


def _panel(axes: Axes, curves: pd.DataFrame, smallest: float) -> None:
    for solver, options, name, (colour, marker) in DRAWN:
        mine = curves[(curves["solver"] == solver) & (curves["options"] == options)]
        for precision, how in PRECISIONS.items():
            curve = mine[mine["precision"] == precision].sort_values("T")
            steps = curve["T"].astype(float) - 1.0
            axes.plot(steps, curve["value"], zorder=style.DATA, label=name if precision == "shipped" else "_",
                      **{"color": colour, "marker": marker} | how)
            style.spoiled(axes, steps, curve["value"], curve)
    axes.plot([], [], color=looks.INK, label="the same code in double precision", zorder=style.DATA,
              **PRECISIONS["double"])
    ends = float(curves["T"].min() - 1.0), float(curves["T"].max() - 1.0)
    for order in REFERENCES:
        line = np.geomspace(ends[0], ends[1], 40)
        falling = 0.5 * (line / line[0]) ** -order
        inside = falling > smallest / 2
        style.slope_line(axes, line[inside], falling[inside], "slopes of reference" if order == 2 else "_")
        axes.annotate(f"$T^{{-{order}}}$", (line[inside][-1], falling[inside][-1]), (3, 0), textcoords="offset points",
                      fontsize=style.SMALL, color=looks.GREY, va="center", annotation_clip=False)
    axes.set(xscale="log", yscale="log", xlim=(ends[0] / 1.1, ends[1] * 1.5), ylim=(smallest / 3, 2.0))
    style.decades(axes.yaxis, smallest / 3, 2.0)


FIGURES = (style.Picture("shipped_solvers", draw, (
    "Exact total variation of the schedulers of diffusers, unmodified, on uniform steps of log-SNR from sigma = 80 "
    "to 0.01. Solid: as shipped, with tables in single precision; thin dashes: the same code in double precision. "
    "The order that a scheduler claims stands beside its name; dashed grey: slopes of reference.")),)
