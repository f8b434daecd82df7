"""Which noise level the error comes from, family by family, and what a grid would look like that spread it evenly."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import looks, style
from analysis.curves import is_spoiled
from analysis.text import DOUBTFUL, mark, number

NOTE = ("Sum: of the total variations that the steps cause one by one. From, to: half-log-SNR between which the middle "
        "four fifths of it are made. Even errors: the sum that as many steps would have, were they as dense as the "
        "(p + 1)-th root of their local error asks for (p the order), over the present one. " + DOUBTFUL)
MADE_BY = "verify"
RUN = ["target", "d", "sampler", "method", "T"]
MIDDLE = 0.8
X = r"half-log-SNR $\lambda$ (noise $\longrightarrow$ data)"


def tables(runs: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """``spectrum_parts``: a row per step, with its total variation and how densely steps lie and should lie there.
    ``spectrum``: a row per run, with the sum, the total variation of the run, whether either is ``doubtful`` (paths
    fold or diverge, or the tail is heavy), and where the sum is made.
    """
    named = runs.assign(method=[looks.method_name(row) for row in runs.to_dict("records")], doubtful=is_spoiled(runs))
    totals = named[named["measure"] == "total_variation"].set_index("key")
    steps, rows = [], []
    for row in named[named["parts"].notna()].sort_values(RUN).to_dict("records"):
        names = {name: row[name] for name in RUN}
        parts = _parts(json.loads(row["parts"]), float(row["order"]))
        total = totals.loc[row["key"]] if row["key"] in totals.index else {}
        steps.append(parts.assign(**names))
        rows.append({**names, "sum": row["error"], "sum_stderr": row["stderr"], "total": total.get("error", np.nan),
                     "total_stderr": total.get("stderr", np.nan),
                     "doubtful": bool(row["doubtful"] or total.get("doubtful", False)),
                     **_summed(parts, float(row["order"]))})
    columns = [*RUN, "sum", "sum_stderr", "total", "total_stderr", "doubtful", "peak", "low", "high", "even_errors"]
    return {"spectrum": pd.DataFrame(rows, columns=columns),
            "spectrum_parts": pd.concat(steps, ignore_index=True) if steps else pd.DataFrame(columns=RUN)}


def _parts(rows: list[list[float]], order: float) -> pd.DataFrame:
    """Of one run: where every step lies, what it costs, and the density of steps: present, and for even errors.

    A local error is ``C h^(p + 1)``; as many steps with the density ``C^(1/(p + 1))`` would all err alike.
    """
    start, end, value, stderr, floor = np.array(rows, dtype=float).T
    length = end - start
    wanted = np.maximum(value, floor) ** (1.0 / (order + 1.0)) / length
    wanted *= len(length) / (wanted @ length) if np.any(wanted) else 0.0
    return pd.DataFrame({"half_log_snr": 0.5 * (start + end), "length": length, "value": value, "stderr": stderr,
                         "floor": floor, "present": 1.0 / length, "wanted": wanted})


def _summed(parts: pd.DataFrame, order: float) -> dict[str, float]:
    value, wanted = parts["value"].to_numpy(), parts["wanted"].to_numpy()
    share = np.cumsum(value) / value.sum()
    low, high = (float(np.interp(q, share, parts["half_log_snr"])) for q in ((1 - MIDDLE) / 2, (1 + MIDDLE) / 2))
    even = np.sum(value * (parts["present"] / np.maximum(wanted, 1e-300)) ** order)  # e h'^p / h^p, h' the new length
    return {"peak": float(parts["half_log_snr"].iloc[int(value.argmax())]), "low": low, "high": high,
            "even_errors": float(even / value.sum())}


def summary(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Sum, total, and where the sum is made."""
    return pd.DataFrame([{
        "family": looks.name(str(row["target"])), "d": f"{row['d']:g}", "sampler": row["method"], "T": f"{row['T']:g}",
        "sum": f"{number(row['sum'], '.2g')} ± {number(row['sum_stderr'], '.1g')}",
        "total variation": f"{number(row['total'], '.2g')} ± {number(row['total_stderr'], '.1g')}"
                           + mark(row["doubtful"]),
        "ratio": number(row["sum"] / row["total"], ".2g"), "from": number(row["low"], ".2f"),
        "to": number(row["high"], ".2f"), "even errors": number(row["even_errors"], ".2g"),
    } for row in tables["spectrum"].to_dict("records")])


def _draw(tables: Mapping[str, pd.DataFrame], panel: Any, y: str) -> Figure | None:
    steps = tables["spectrum_parts"]
    if steps.empty:
        return None
    panels = [(looks.place(str(target), d), rows) for (target, d), rows in steps.groupby(["target", "d"], sort=True)]
    return style.panelled(panels, panel, 2, 2.3, X, y, tables["environments"])


def _curves(axes: Axes, rows: pd.DataFrame, column: str) -> None:
    for (sampler, method), run in rows.groupby(["sampler", "method"], sort=False):
        run = run[run["T"] == run["T"].max()].sort_values("half_log_snr")
        how = looks.look(str(sampler)) | {"markersize": 2.0, "linewidth": 0.9}
        axes.plot(run["half_log_snr"], run[column].where(run[column] > 0), label=str(method), zorder=style.DATA, **how)
    axes.set_yscale("log")


def _errors(axes: Axes, rows: pd.DataFrame) -> None:
    _curves(axes, rows, "value")
    axes.set_ylim(max(1e-9, 0.3 * float(rows["value"][rows["value"] > rows["floor"]].min())), 2.0)


def _grids(axes: Axes, rows: pd.DataFrame) -> None:
    rows = rows.assign(change=rows["wanted"] / rows["present"])
    _curves(axes, rows, "change")
    axes.axhline(1.0, color=looks.INK, linewidth=0.6)
    axes.set_ylim(0.02, 50.0)


FIGURES = (
    style.Picture("spectrum", partial(_draw, panel=_errors, y="TV of the step alone"), (
        "Which noise level the error comes from: the total variation that every step of a run causes alone, between "
        "exact flows, against the half-log-SNR where it is taken. Left the flat phase, where nothing is known but the "
        "scale of the noise; right the fine scale of the data. On codebooks and trees all of it comes from the "
        "transitions, which even steps miss.")),
    style.Picture("spectrum_grid", partial(_draw, panel=_grids, y="steps wanted / present"), (
        "What a better grid would look like: the density of steps that would make all local errors alike, over the "
        "present one, at the same number of steps. Above the line steps are missing, below it they are wasted.")))
