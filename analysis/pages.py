"""Whole tables as pages of their own, for studies whose table in the README is a summary."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from analysis import style
from analysis.display import NONE, markdown
from analysis.shipped_text import everything
from analysis.tables import Tables

HEAD = """# Leaderboard: every sampler on every target

Score evaluations / sequential rounds per sample path from which on the exact joint total variation stays below ε. All
samplers run from the same exact starting points, between the same noise levels (sigma from 80 to 0.01). Bold: the
fewest evaluations of all. A dash: not reached by any run (`results/tables/leaderboard.csv` says why). Orders are
measured in the number of steps, on the falling part of the curve below a total variation of 10⁻², with a 95 % interval.
Where a map folds, ten times the share of folded particles is added to its total variation.
"""


SHIPPED = """# Other people's solvers, unmodified

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


def shipped_page(tables: Tables) -> str:
    """Every solver, option and table; those that cannot run at the end."""
    return f"{SHIPPED}\n{markdown(everything(tables))}\n"


def write_page(study: str, tables: Tables, results: Path) -> Path | None:
    """``results/<study>.md``; None for a study that has no page."""
    if study not in PAGES:
        return None
    path = results / f"{study}.md"
    path.write_text(PAGES[study](tables))
    return path


def leaderboard_page(tables: Tables) -> str:
    """One table for every target, the cheapest method at the smallest total variation first."""
    parts = [HEAD]
    for (target, d), board in tables["leaderboard"].groupby(["target", "d"], sort=True):
        parts += [f"## {style.name(str(target))}, d = {d}\n", markdown(_of_target(board)) + "\n"]
    return "\n".join(parts)


def _of_target(board: pd.DataFrame) -> pd.DataFrame:
    levels = sorted(board["epsilon"].unique(), reverse=True)
    costs = board.pivot(index="method", columns="epsilon", values="evaluations").astype(float)
    rounds = board.pivot(index="method", columns="epsilon", values="rounds").astype(float)
    orders = board.drop_duplicates("method").set_index("method")
    least = costs.min()
    ranked = costs.sort_values(sorted(levels), na_position="last").index
    return pd.DataFrame([{
        "method": method,
        **{f"{level:.0e}".replace("e-0", "e-"): _cell(costs.at[method, level], rounds.at[method, level], least[level])
           for level in levels},
        "order": _order(orders.loc[method]),
        "declared": f"{orders.at[method, 'declared_order']:g}",
    } for method in ranked])


def _cell(evaluations: float, rounds: float, least: float) -> str:
    if not np.isfinite(evaluations):
        return NONE
    text = f"{evaluations:.0f}" if abs(evaluations - rounds) < 1.5 else f"{evaluations:.0f} / {rounds:.0f}"
    return f"**{text}**" if evaluations <= least else text


def _order(row: pd.Series) -> str:
    """``4.1 [3.9, 4.3]``, or a dash where fewer than three runs leave no interval."""
    if not np.isfinite(row["order"]) or not np.isfinite(row["order_low"]):
        return NONE
    return f"{row['order']:.1f} [{row['order_low']:.1f}, {row['order_high']:.1f}]"


PAGES: Mapping[str, Callable[[Tables], str]] = {"leaderboard": leaderboard_page, "diffusers": shipped_page}
