"""Numbers as people read them in a table."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

NONE = "-"
DOUBTFUL = "†: on some of the runs a path folded or diverged; those decide nothing."


def number(value: float, form: str) -> str:
    """In Python's format ``form``; a dash where there is no number."""
    return format(value, form) if pd.notna(value) and np.isfinite(value) else NONE


def interval(value: float, low: float, high: float) -> str:
    """``0.21 [0.19, 0.23]``; a dash where there is no number."""
    return NONE if not np.isfinite(value) else f"{value:.2f} [{_end(low)}, {_end(high)}]"


def level(epsilon: float) -> str:
    """``ε 1e-4``"""
    mantissa, _, exponent = f"{epsilon:.1e}".partition("e")
    return f"ε {mantissa.removesuffix('.0')}e{int(exponent)}"


def verdict(row: Mapping[str, object]) -> str:
    """``confirmed``, or ``undecided: why`` for a row with columns ``verdict`` and ``why``."""
    why = row["why"] or ("the interval holds both sides" if row["verdict"] == "undecided" else "")
    return f"{row['verdict']}: {why}" if why else str(row["verdict"])


def mark(doubtful: float) -> str:
    """After a number that some runs on which a path folded or diverged (so many) are behind."""
    return " †" if doubtful else ""


def _end(value: float) -> str:
    return f"{value:.2f}" if np.isfinite(value) else "∞" if value > 0 else "-∞"
