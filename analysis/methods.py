"""What a sampler with its settings is called in tables and figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

NAMES: Mapping[str, str] = {
    "heroism": "HEROISM", "composed": "HEROISM composed", "heroism_frugal": "HEROISM frugal",
    "heroism_frugal_embedded": "HEROISM frugal, embedded", "heroism_parallel": "HEROISM parallel",
    "heroism_parallel_embedded": "HEROISM parallel, embedded", "heroism_chebyshev": "HEROISM Chebyshev, Gauss-Seidel",
    "heroism_growing": "HEROISM growing degree", "euler": "PF-ODE Euler", "ddim": "DDIM",
    "accelerated": "accelerated ODE",
    "heun": "Heun (EDM)", "rk4": "RK4", "dop853": "DOP853", "dpm_solver_pp": "DPM-Solver++", "deis": "DEIS",
    "unipc": "UniPC", "randomised_midpoint": "randomised midpoint", "picard": "Picard (ParaDiGMS)",
    "solve_ivp": "SciPy", "diffrax": "diffrax",
}
SAID_BY_NAME = {"heun": "rho"}  # a schedule that belongs to the sampler's name
USUAL_SCHEDULE = "log_snr"


def is_ours(sampler: str) -> bool:
    """Whether a sampler is a form of HEROISM."""
    return sampler.startswith("heroism") or sampler == "composed"


def method_name(row: Mapping[str, Any]) -> str:
    """A sampler's name, its order or points, and what else was varied, such as ``UniPC, points=3, growing``."""
    sampler, parts = str(row["sampler"]), str(row.get("variant") or "").split()
    schedulers = [part.partition("=")[2] for part in parts if part.startswith("scheduler=")]
    name = f"diffusers {schedulers[0].removesuffix('Scheduler')}" if schedulers else \
        NAMES.get(sampler, sampler.replace("_", " "))
    settings = [f"K={row['K']}"] if pd.notna(row.get("K")) else []
    settings += [_setting(part) for part in parts if not part.startswith("scheduler=") and not part.endswith("=None")]
    if row.get("schedule") not in (USUAL_SCHEDULE, SAID_BY_NAME.get(sampler)):
        settings.append(str(row["schedule"]))
    return ", ".join([name, *settings])


def _setting(part: str) -> str:
    """``startup=growing`` is known by its value alone; a number needs its name."""
    name, _, value = part.partition("=")
    name = name.removeprefix("options.")
    known = name in ("startup", "prediction", "method", "solver")
    return value.replace("_", " ") if known else f"{name.replace('_', ' ')}={value}"
