"""Claims as they stand in the study files: what is measured, what is predicted, and what would refute it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from heroism.errors import require

DIRECTIONS = ("at most", "at least", "equal")
EXPECTATIONS = ("confirmed", "sharper", "refuted")
KINDS = ("slope", "crossing_slope", "geometric", "level", "ratio")
LEAST_POINTS = 4  # fewer leave less than two degrees of freedom
LEAST_SPAN = 4.0  # largest over smallest x of a fit: in less than two octaves power law and logarithm look alike
# Keys of a statistic -> kinds that need them; everything else is optional.
NEEDED = {"x": ("slope", "crossing_slope", "geometric"), "levels": ("crossing_slope",),
          "numerator": ("ratio",), "denominator": ("ratio",)}
KNOWN = {"kind", "words", "x", "y", "levels", "each", "by", "where", "measure", "baseline", "scaled_by", "numerator",
         "denominator", "paired", "use_floor", "least_points", "least_span", "saturation", "reached", "finest"}


@dataclass(frozen=True)
class Statistic:
    """What is measured. Columns are those of :func:`analysis.verify.runs.runs`; expressions in them are allowed.

    Attributes
    ----------
    kind : "slope" of log y on log x; "crossing_slope" of ``reached`` where the error is each of ``levels``, on log x;
        "geometric": the factor by which y changes when x grows by one; "level": y itself; "ratio" of y between the
        rows ``numerator`` and ``denominator``.
    x, y : expressions; y is "error" (the estimate, with its standard error and floor) unless another column is named.
        A crossing slope with x = "1/epsilon" runs over the levels.
    levels : values of epsilon. each : columns whose values get a row of the table each. by : columns that tell groups
        apart within a row; each group is fitted alone.
    where : query that selects the rows.
    measure : name of the estimate; the record's own distance if None, "any" for all of them.
    baseline : query; the y of those rows (same each and by) is where the errors of the others drown: their floor.
    scaled_by : expression that y is multiplied with.
    reached : what a crossing slope measures at the crossing, an expression that grows with T: 1/h, or another power of
        the logarithm.
    finest : a slope takes only that many points with the smallest x, of those that a fit may use; 0: all of them.
    paired : numerator and denominator ran from the same starting points, whose sampling error cancels in the ratio.
    use_floor : whether the estimate's floor is one below which it says nothing.
    least_points, least_span : of a fit; below them a verdict is undecided.
    saturation : y above it is left out of fits; None for nothing.
    """

    kind: str
    x: str | None = None
    y: str = "error"
    levels: tuple[float, ...] = ()
    each: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    where: str | None = None
    measure: str | None = None
    baseline: str | None = None
    scaled_by: str | None = None
    numerator: str | None = None
    denominator: str | None = None
    paired: bool = False
    use_floor: bool = True
    least_points: int = LEAST_POINTS
    least_span: float = LEAST_SPAN
    saturation: float | None = 0.3
    reached: str = "inverse_h"
    finest: int = 0
    words: str = ""


@dataclass(frozen=True)
class Claim:
    """One claim; ``predicted`` is a formula in the columns of ``statistic.each`` (such as ``1 + 2/K``).

    ``records`` names the studies whose records it may use: its own, unless the file says otherwise.
    """

    name: str
    study: str
    words: str
    source: str
    equation: str
    statistic: Statistic
    predicted: str
    direction: str
    tolerance: str
    refuted_by: str
    expected: str | None
    number: int | None = None
    records: tuple[str, ...] = ()


def read_claims(folder: str | Path) -> list[Claim]:
    """The claims of every study file of a folder, in the order of their numbers, then of the files.

    Raises InputError naming file and key for whatever is missing or unknown.
    """
    claims = [claim for path in sorted(Path(folder).glob("*.yaml")) for claim in read_study(path)]
    names = [claim.name for claim in claims]
    twice = sorted({name for name in names if names.count(name) > 1})
    require(not twice, "name", ", ".join(twice), "give every claim its own name")
    return sorted(claims, key=lambda claim: claim.number or 1000)


def read_study(path: Path) -> list[Claim]:
    """The claims of one study file: its own and those of its list ``claims``, which inherit what they do not say.

    What has no statistic to compute (a mapping with a kind) is no claim.
    """
    study = yaml.safe_load(path.read_text())
    shared = _flat(study)
    merged = [shared, *({**shared, "name": None} | _flat(entry) for entry in study.get("claims") or ())]
    return [_claim(path.stem, i, spec) for i, spec in enumerate(merged) if isinstance(spec.get("statistic"), Mapping)]


def _flat(node: Mapping[str, Any]) -> dict[str, Any]:
    """What an entry says about its claim, whether inside its block ``claim`` or beside it."""
    outer = {key: value for key, value in node.items() if key not in ("claim", "claims", "grids", "smoke", "title")}
    return outer | dict(node.get("claim") or {})


def _claim(study: str, index: int, spec: Mapping[str, Any]) -> Claim:
    place = f"study={study}"
    name = str(spec.get("name") or (study if index == 0 else f"{study}_{index + 1}"))
    for key in ("words", "source", "equation", "predicted", "direction", "tolerance", "refuted_by"):
        require(spec.get(key) is not None, f"{place}: {key}", "nothing", f"say it for the claim {name}")
    require(spec["direction"] in DIRECTIONS, f"{place}: direction", spec["direction"], f"choose one of {DIRECTIONS}")
    expected = spec.get("expected")
    require(expected in (*EXPECTATIONS, None), f"{place}: expected", expected, f"choose of {EXPECTATIONS}, or none")
    return Claim(name, study, " ".join(str(spec["words"]).split()), str(spec["source"]), str(spec["equation"]),
                 _statistic(place, spec["statistic"]), str(spec["predicted"]), spec["direction"],
                 str(spec["tolerance"]), " ".join(str(spec["refuted_by"]).split()), expected, spec.get("number"),
                 tuple(spec.get("records") or (study,)))


def _statistic(place: str, given: Mapping[str, Any]) -> Statistic:
    kind = given.get("kind")
    require(kind in KINDS, f"{place}: statistic.kind", kind, f"choose one of {', '.join(KINDS)}")
    unknown = sorted(set(given) - KNOWN)
    require(not unknown, f"{place}: statistic", ", ".join(unknown), f"keys are {', '.join(sorted(KNOWN))}")
    for key, kinds in NEEDED.items():
        require(kind not in kinds or bool(given.get(key)), f"{place}: statistic.{key}", "nothing", f"a {kind} needs it")
    values = dict(given)
    for key in ("each", "by"):
        values[key] = tuple(given.get(key) or ())
    values["levels"] = tuple(float(level) for level in given.get("levels") or ())
    for key in ("x", "y"):
        if key in values:
            values[key] = str(values[key])
    return Statistic(**values)
