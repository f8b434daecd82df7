"""Columns and expressions of claims in the symbols of the field, for axes and labels of pictures."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from analysis.claims.claim import ANY, OVER_LEVELS, Statistic
from analysis.style import TV

SYMBOLS: Mapping[str, str] = {
    "h": r"h", "inverse_h": r"T/\log T", "T": "T", "d": "d", "K": "K", "N": "N", "epsilon": r"\varepsilon", "size": "R",
    "jacobian_error": r"\varepsilon_\mathrm{Jacobi}", "score_error": r"\varepsilon_\mathrm{score}",
    "evaluations": r"\mathrm{NFE}", "target_k": "k", "target_rank": "k", "sampler_eta": r"\eta",
    "perturbation_frequency": r"\omega", "perturbation_amplitude": "a", "schedule_duration": "L",
    "target_half_width": "R", "target_degrees_of_freedom": r"\nu", "refinements": "N", "radius": "R",
    "schedule_tau_min": r"\tau_\mathrm{min}",
}
EXPRESSIONS: Mapping[str, str] = {
    "h": r"$h = \log T / T$", "T / log(T)**(2 + 2/K)": r"$T / \log^{2+2/K} T$", "log(T)": r"$\log T$",
    "log(T)**(2 + 2/K) / T": r"$\log^{2+2/K} T / T$", OVER_LEVELS: r"$1/\varepsilon$", "1 / (T - 1)": "$1/(T-1)$",
    "log(0.1 / schedule_tau_min)": r"$\log(0.1/\tau_\mathrm{min})$",
}
MEASURES: Mapping[Any, str] = {
    None: "TV", "total_variation": TV, "kl": r"$\mathrm{KL}$", "path_kl": r"$\mathrm{KL}$ of the path",
    "wasserstein_exact": "$W_2$", ANY: "measured value", "score_bound": r"$\Vert s\Vert\sqrt{\tau}$",
    "jacobian_bound": r"$\Vert\nabla s\Vert\,\tau$", "iterate_error": r"iterate error$/\sqrt{\tau}$",
    "refinement_contraction": "factor per refinement", "kernel": "TV of the kernel", "histogram": "TV by histogram",
}
LETTERS: Mapping[str, str] = {
    "epsilon": "ε", "size": "R", "evaluations": "NFE", "target_k": "k", "target_rank": "k", "sampler_eta": "η",
    "perturbation_frequency": "ω", "perturbation_amplitude": "a", "schedule_duration": "L", "target_half_width": "R",
    "target_degrees_of_freedom": "\N{GREEK SMALL LETTER NU}", "jacobian_error": "ε Jacobi", "score_error": "ε score",
    "schedule_tau_min": "τ min", "radius": "R",
}
RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
PREFIXES = re.compile(r"\b(?:target|sampler|schedule|perturbation)_(?=[a-z])")
NUMBER = re.compile(r"(\w+)\s*=\s*(-?[\d.]+(?:e[+-]?\d+)?)(?![\w.])")


def symbol(name: str, value: Any) -> str:
    """``d = 64`` or ``ε = 10⁻⁴``: plain letters, which cost a picture of many labels a tenth of its time."""
    shown = _number(float(value)) if isinstance(value, int | float) else str(value).replace("_", " ")
    return f"{LETTERS.get(name) or _plain(name)} = {shown}"


def words(text: str) -> str:
    """A label such as ``d=64 T=1e-4`` with the symbols of the field; other words lose their underscores."""
    parts, at = [], 0
    for found in NUMBER.finditer(text):
        parts += [_plain(text[at:found.start()]), symbol(found[1], float(found[2]))]
        at = found.end()
    return "".join([*parts, _plain(text[at:])])


def x_label(statistic: Statistic) -> str:
    """What a statistic is fitted against."""
    return "" if statistic.x is None else _expression(statistic.x)


def y_label(statistic: Statistic) -> str:
    """What it measures."""
    name = MEASURES.get(statistic.measure, str(statistic.measure).replace("_", " "))
    if statistic.kind == "crossing_slope":
        return f"{_expression(statistic.reached)} at {'TV' if name == TV else name} " r"$= \varepsilon$"
    name = name if statistic.y == "error" else _expression(statistic.y)
    if statistic.scaled_by is None:
        return name
    short = len(statistic.scaled_by) < 40 and statistic.scaled_by.startswith("1 / ")
    return f"{name} / {_expression(statistic.scaled_by.removeprefix('1 / '))}" if short else f"{name}, scaled"


def _expression(text: str) -> str:
    if text in EXPRESSIONS:
        return EXPRESSIONS[text]
    return f"${SYMBOLS[text]}$" if text in SYMBOLS else _plain(text)


def _plain(text: str) -> str:
    return PREFIXES.sub("", text).replace("_", " ")


def _number(value: float) -> str:
    """Powers of ten as such, from 10⁵ up and from 10⁻³ down."""
    exponent = round(math.log10(value)) if value > 0 else 0
    if abs(exponent) > 2 + 2 * (exponent > 0) and abs(value / 10.0**exponent - 1.0) < 1e-9:
        return "10" + str(exponent).translate(RAISED)
    return f"{value:g}"
