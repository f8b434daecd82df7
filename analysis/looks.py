"""What samplers, targets and measures are called and how they are drawn: the same name, colour and mark everywhere.

Known labels stand in one table; one that nobody wrote down, such as a new sampler, takes its name from its record and a
look that depends on that name alone. Colours are Okabe and Ito's: told apart by readers with any colour vision, and by
their grey values in print.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from functools import cache
from itertools import product
from typing import Any

import pandas as pd

from analysis.files import STUDIES, read_yaml
from analysis.runs import parameters

BLACK, ORANGE, SKY, GREEN, BLUE, VERMILION, PURPLE = (
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#0072B2", "#D55E00", "#CC79A7")  # theirs, less a yellow too faint here
COLOURS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK)
GREY, PALE, INK = "#7A7A7A", "#C8C8C8", "#333333"
MARKERS = "os^Dv<>pP*X"
SOLID, DASHED, DOTTED, DASH_DOT, LONG = "-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (5, 1.2, 1.2, 1.2)), (0, (7, 2))
LINES: tuple[Any, ...] = (SOLID, DASHED, DOTTED, DASH_DOT, LONG)

# Label in the records -> what it is called (nothing: its own words), colour, mark, line.
KNOWN: Mapping[str, tuple[str, str, str, Any]] = {
    "product_mixture": ("", BLUE, "o", SOLID), "scale_mixture": ("", VERMILION, "s", SOLID),
    "low_rank_mixture": ("low-rank mixture", GREEN, "^", SOLID), "hypercube": ("", PURPLE, "D", SOLID),
    "sphere": ("", ORANGE, "v", SOLID), "digits": ("handwritten digits", BLACK, "X", SOLID),
    "hypercube_vertices": ("vertices of a cube", SKY, "<", SOLID), "gaussian": ("", GREY, "P", SOLID),
    "random_codebook": ("", VERMILION, "o", SOLID),
    "K=1": ("", BLACK, "o", SOLID), "K=2": ("", ORANGE, "s", SOLID), "K=3": ("", BLUE, "^", SOLID),
    "K=4": ("", VERMILION, "D", DOTTED), "K=5": ("", GREEN, "v", SOLID), "K=6": ("", PURPLE, "P", DOTTED),
    "heroism": ("HEROISM", BLUE, "o", SOLID), "composed": ("HEROISM composed", BLUE, "p", DASHED),
    "heroism_frugal": ("HEROISM frugal", VERMILION, "D", SOLID),
    "heroism_frugal_embedded": ("HEROISM frugal, embedded", VERMILION, "d", DASHED),
    "heroism_piloted": ("HEROISM piloted", BLACK, "D", SOLID),
    "heroism_adaptive": ("HEROISM adaptive", BLACK, "*", SOLID),
    "heroism_parallel": ("HEROISM parallel", GREEN, "P", SOLID),
    "heroism_parallel_embedded": ("HEROISM parallel, embedded", GREEN, "p", DASHED),
    "heroism_chebyshev": ("HEROISM Chebyshev, Gauss-Seidel", BLUE, "v", DASHED),
    "heroism_growing": ("HEROISM growing degree", BLUE, "s", DOTTED),
    "euler": ("PF-ODE Euler", BLACK, "s", DASHED), "ddim": ("DDIM", ORANGE, "^", DOTTED),
    "ddpm": ("DDPM", GREY, "X", DASH_DOT), "accelerated": ("accelerated ODE", BLACK, ">", DASH_DOT),
    "heun": ("Heun (EDM)", PURPLE, "h", DOTTED), "rk4": ("RK4", GREY, "4", SOLID),
    "dop853": ("DOP853", BLACK, "X", SOLID), "dpm_solver_pp": ("DPM-Solver++", SKY, "v", SOLID),
    "deis": ("DEIS", ORANGE, "<", SOLID), "unipc": ("UniPC", PURPLE, "^", SOLID),
    "randomised_midpoint": ("", SKY, "*", DASH_DOT), "picard": ("Picard (ParaDiGMS)", GREEN, "*", DOTTED),
    "dpmpp_2m": ("DPM++ 2M", SKY, "D", DASHED), "dpmpp_3m": ("DPM++ 3M", SKY, "P", DASH_DOT),
    "dpmpp_2s": ("DPM++ 2S", SKY, "^", DOTTED), "dpmpp_3s": ("DPM++ 3S", SKY, "h", DASHED),
    "uni_pc": ("UniPC bh1", PURPLE, "v", DASHED), "uni_pc_bh2": ("UniPC bh2", PURPLE, "<", DASH_DOT),
    "lms": ("LMS", ORANGE, "p", DASHED), "ipndm": ("iPNDM", ORANGE, ">", LONG), "heunpp2": ("Heun++", BLACK, "h", LONG),
    "dpm_2": ("DPM2", GREEN, "v", DASHED), "dpm_fast": ("DPM fast", GREEN, "s", LONG),
    "res_multistep": ("RES multistep", VERMILION, "v", LONG), "flow_heun": ("Heun (flow)", PURPLE, "X", LONG),
    "etdrk2": ("ETDRK2", BLUE, "*", LONG), "seeds_2": ("SEEDS-2", GREY, "v", LONG),
    "gradient_estimation": ("", VERMILION, "<", DOTTED),
    "deis_tab": ("DEIS (tab)", ORANGE, "D", DASH_DOT), "dpmpp_sde": ("DPM++ SDE", SKY, "<", LONG),
    "solve_ivp": ("SciPy", PALE, "", DASHED), "diffrax": ("", PALE, "", DOTTED), "diffusers": ("", PALE, "", SOLID),
    "total_variation": ("exact", BLUE, "o", SOLID), "histogram": ("", VERMILION, "s", DASHED),
    "wasserstein": (r"$W_2$ between samples", SKY, "s", DASHED),
    "sliced_wasserstein": (r"sliced $W_2$", GREEN, "^", DOTTED), "sinkhorn": ("Sinkhorn", PURPLE, "D", DASH_DOT),
    "wasserstein_1d": (r"$W_2$ of one coordinate", ORANGE, "v", LONG),
    "quadrature": ("quadrature (oracle)", BLACK, "+", DOTTED),
}
# What others are called; their looks follow from their labels.
NAMES: Mapping[str, str] = {
    "accelerated_sde": "accelerated SDE", "churn": "EDM churn", "ddim_eta": "DDIM-η", "ddpm_family": "DDPM family",
    "dpm_2_ancestral": "DPM2 ancestral", "dpm_solver_2": "DPM-Solver-2", "dpm_solver_3": "DPM-Solver-3",
    "dpmpp_2m_sde": "DPM++ 2M SDE", "dpmpp_2m_sde_heun": "DPM++ 2M SDE Heun",
    "dpmpp_2s_ancestral": "DPM++ 2S ancestral", "dpmpp_3m_sde": "DPM++ 3M SDE",
    "er_sde": "ER-SDE", "etdrk3": "ETDRK3", "etdrk4": "ETDRK4", "euler_ancestral": "Euler ancestral",
    "euler_maruyama": "Euler-Maruyama", "flow_euler": "Euler (flow)", "ipndm_v": "iPNDM-v", "lawson4": "Lawson 4",
    "ode_then_noise": "ODE, then noise", "predictor_corrector": "predictor-corrector", "res_2s": "RES 2s",
    "res_3s": "RES 3s", "restart": "Restart", "sa_solver": "SA-Solver", "sde_dpm_solver_pp": "SDE-DPM-Solver++",
    "seeds": "SEEDS", "seeds_3": "SEEDS-3", "stochastic_runge_kutta": "stochastic Runge-Kutta",
    "student_t": "Student t", "truncated_gaussian": "truncated Gaussian",
}
PACKAGES = ("diffusers", "solve_ivp", "diffrax")  # samplers that stand for all the solvers of somebody else's package
SAID_BY_NAME = {"heun": "rho"}  # a schedule that belongs to the sampler's name
USUAL_SCHEDULE = "log_snr"
_TAKEN = {known[1:] for known in KNOWN.values()}
_ALL = list(product(COLOURS, MARKERS, LINES))


def look(label: str) -> dict[str, Any]:
    """Keywords ``color, marker, linestyle`` of a label; no new label looks like a known one."""
    colour, marker, line = KNOWN[label][1:] if label in KNOWN else _free(label)
    return {"color": colour, "marker": marker, "linestyle": line}


def _free(label: str) -> tuple[str, str, Any]:
    """The first look from a place of the label's own on that no known label has."""
    at = zlib.crc32(label.encode())
    return next(look for look in (_ALL[(at + i) % len(_ALL)] for i in range(len(_ALL))) if look not in _TAKEN)


def nth(number: int) -> dict[str, Any]:
    """The look of the number-th of many curves that have no name of their own, such as dimensions."""
    return {"color": COLOURS[number % len(COLOURS)], "marker": MARKERS[number % len(MARKERS)],
            "linestyle": LINES[number // len(COLOURS) % len(LINES)]}


def name(label: str) -> str:
    """A label in words: ``"low_rank_mixture, start=gaussian"`` keeps what follows the comma."""
    first, comma, rest = label.partition(",")
    known = KNOWN[first][0] if first in KNOWN else NAMES.get(first, "")
    return (known or first.replace("_", " ")) + comma + rest


def place(target: str, d: float) -> str:
    """The title of a panel: a target in words, and its dimension."""
    return f"{name(target)}, $d = {d:g}$"


def is_ours(sampler: str) -> bool:
    """Whether a sampler is a form of HEROISM."""
    return sampler.startswith("heroism") or sampler == "composed"


@cache
def is_stochastic(sampler: str) -> bool:
    """Whether a sampler, as ``conf/sampler`` has it, adds noise on the way."""
    path = STUDIES.parent / "sampler" / f"{sampler}.yaml"
    settings = read_yaml(path) if path.is_file() else {}
    kind = str(settings.get("_target_", ""))
    return (".stochastic." in kind or kind.endswith((".Ddpm", "Noise"))) and settings.get("eta", 1.0) != 0.0


def method_name(row: Mapping[str, Any]) -> str:
    """A sampler's name, its order or points, and what else was varied, such as ``UniPC, points=3, growing``.

    ``row`` : ``sampler``, ``schedule``, ``variant`` and ``K`` of a run.
    """
    sampler, varied = str(row["sampler"]), parameters(row.get("variant"))
    scheduler = varied.pop("scheduler", None)
    words = f"diffusers {scheduler.removesuffix('Scheduler')}" if scheduler else name(sampler)
    settings = [f"K={row['K']}"] if pd.notna(row.get("K")) else []
    settings += [_setting(key, value) for key, value in varied.items() if value != "None"]
    if row.get("schedule") not in (USUAL_SCHEDULE, SAID_BY_NAME.get(sampler)):
        settings.append(str(row["schedule"]))
    return ", ".join([words, *settings])


def _setting(key: str, value: str) -> str:
    """``startup=growing`` is known by its value alone; a number needs its name."""
    key = key.removeprefix("options.")
    known = key in ("startup", "prediction", "method", "solver")
    return value.replace("_", " ") if known else f"{key.replace('_', ' ')}={value}"
