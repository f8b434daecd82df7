"""Claims as they stand in the study files: what is measured, what is predicted, and what would refute it.

Every claim has a *negative control*: the same claim with a planted defect, which the same code must find *refuted*. In
the entry of a claim (inherited like its other keys, so that one control may serve a whole file) ``control`` holds
``words`` that say what is planted, and what differs from the claim, everything else staying as it is. Either what is
measured is spoiled: ``records: [controls]`` takes the runs of ``conf/study/controls.yaml``, which holds nothing but
defective samplers, and ``statistic`` (merged into the claim's, mostly a ``where``) says which of them. Or, where what
is measured is a law of nature of the target, the records are those of the claim and ``predicted`` (with ``tolerance``
or ``direction`` if need be) is wrong, which shows that these data would have let nothing else through.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from analysis.files import STUDIES, read_yaml
from analysis.runs import COLUMNS, GROUPS
from heroism.errors import InputError, require
from heroism.formulas import evaluate, parsed

DIRECTIONS = ("at most", "at least", "equal")
EXPECTATIONS = ("confirmed", "sharper", "refuted")
PLANTED = ("words", "records", "statistic", "predicted", "direction", "tolerance")  # keys of a negative control
KINDS = ("slope", "inverse_slope", "crossing_slope", "geometric", "level", "ratio")
OVER_LEVELS = "1/epsilon"  # the x of a crossing slope that runs over its levels
ANY = "any"  # the measure of a statistic of all of them
LEAST_POINTS = 4  # fewer leave less than two degrees of freedom
LEAST_SPAN = 4.0  # largest over smallest x of a fit: in less than two octaves power law and logarithm look alike
# Keys of a statistic -> kinds that need them; everything else is optional.
NEEDED = {"x": ("slope", "inverse_slope", "crossing_slope", "geometric"), "levels": ("crossing_slope",),
          "numerator": ("ratio",), "denominator": ("ratio",)}
NUMBERS, CONDITIONS = ("x", "y", "scaled_by", "reached", "beside"), ("where", "baseline", "numerator", "denominator")


@dataclass(frozen=True)
class Statistic:
    """What is measured. Columns are those of :mod:`analysis.runs`, and ``family``: the target with whatever else of its
    settings varies. Expressions in them are those of :mod:`heroism.formulas`.

    Attributes
    ----------
    kind : "slope" of log y on log x; "inverse_slope", one over it; "crossing_slope" of ``reached`` where the error is
        each of ``levels``, on log x; "geometric": the factor by which y changes when x grows by one; "level": y itself;
        "ratio" of y between the rows ``numerator`` and ``denominator``.
    x, y : expressions; y is "error" (the estimate, with its standard error and floor) unless another column is named.
        A crossing slope with x = "1/epsilon" runs over the levels.
    levels : values of epsilon. each : columns whose values get a row of the table each. by : columns that tell groups
        apart within a row; each group is fitted alone. over : columns whose values are fitted apart within a group, and
        their slopes pooled.
    where : condition that selects the rows.
    measure : name of the estimate; the record's own distance if None, "any" for all of them.
    baseline : condition; the y of those rows (same each and by) is where the errors of the others drown: their floor.
    scaled_by : expression that y is multiplied with.
    reached : what a crossing slope measures at the crossing, an expression that grows with T: 1/h, or another power of
        the logarithm.
    beside : a second variable (x, or what is reached): that of a bound with its powers of log T. Their slope at every
        finite T flatters an order: one of 1.8 in h is above 3 in log^(8/3) T / T. So x or ``reached`` (h, without those
        logarithms) decides, and what holds there holds for the bound; only what is refuted in both is refuted.
    finest : a slope takes only that many points with the smallest x, of those that a fit may use; 0: all of them.
    paired : numerator and denominator ran from the same starting points: as far as pairs of them show it, their errors
        are common and cancel in the ratio.
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
    over: tuple[str, ...] = ()
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
    beside: str | None = None
    finest: int = 0

    @property
    def names(self) -> frozenset[str]:
        """The columns that it needs."""
        written = [getattr(self, key) for key in (*NUMBERS, *CONDITIONS)]
        formulas = [text for text in written if text is not None and text != OVER_LEVELS]
        return frozenset({*self.each, *self.by, *self.over}.union(*(parsed(text).names for text in formulas)))


@dataclass(frozen=True)
class Claim:
    """One claim; ``predicted`` is a formula in the columns of ``statistic.each`` (such as ``1 + 2/K``).

    ``records`` names the studies whose records it may use: its own, unless the file says otherwise. One that is not
    ``listed`` stands in its study's own table instead of the table of claims. ``control``: the same with a planted
    defect, in its own words, which must be refuted.
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
    listed: bool = True
    control: Claim | None = None


def read_claims(folder: Path) -> tuple[list[Claim], list[InputError]]:
    """(the sound claims of every study file of a folder, by their numbers, then in the order of the files; a sentence
    that names file and key for every other one, and every file that cannot be read). Nothing has to run for that.
    """
    files = sorted(folder.glob("*.yaml"))
    columns, studies = known_columns(folder), {path.stem for path in files}
    claims: dict[str, Claim] = {}
    mistakes = []
    for path in files:
        for one in _study(path, columns):
            if isinstance(one, InputError):
                mistakes.append(one)
            elif one.name in claims:
                mistakes.append(InputError(f"{path.name}: name", one.name, "give every claim its own name"))
            elif lost := sorted({*one.records, *(one.control.records if one.control else ())} - studies):
                mistakes.append(InputError(f"{path.name}: {one.name}: records", ", ".join(lost), "name studies"))
            else:
                claims[one.name] = one
    return sorted(claims.values(), key=lambda claim: claim.number or 1000), mistakes


def read_study(path: Path) -> list[Claim]:
    """The claims of one study file. Raises InputError for the first that is not sound."""
    claims = []
    for one in _study(path, known_columns(path.parent)):
        if isinstance(one, InputError):
            raise one
        claims.append(one)
    return claims


def own_claim(path: Path) -> Claim:
    """The claim that a study's own table is about. Raises InputError if there is none, or it is not sound."""
    own = [claim for claim in read_study(path) if not claim.listed]
    require(len(own) == 1, path.name, f"{len(own)} claims of its own", "give it one with listed: false")
    return own[0]


def known_columns(folder: Path) -> frozenset[str]:
    """The columns that the table of runs may have: those of every record, and the parameters of every choice that
    ``conf`` offers, or that a study of the folder sets (``target_rank`` for ``target.rank``)."""
    chosen = {f"{group}_{key}" for group in GROUPS for path in (STUDIES.parent / group).rglob("*.yaml")
              for key in read_yaml(path) or ()}
    written = "\n".join(path.read_text(errors="replace") for path in folder.glob("*.yaml"))
    set_by_studies = {f"{group}_{name}" for group, name in re.findall(rf"\b({'|'.join(GROUPS)})\.(\w+)", written)}
    return frozenset({*COLUMNS, "family"} | chosen | set_by_studies)


def _study(path: Path, columns: Collection[str]) -> Iterator[Claim | InputError]:
    """The claims of one file: its own and those of its list ``claims``, which inherit what they do not say.

    What has no statistic (a mapping with a kind) is no claim.
    """
    try:
        study = read_yaml(path)
        shared = _flat("content", study)
        entries = study.get("claims") or []
        require(isinstance(entries, list), "claims", type(entries).__name__, "write a list")
        merged = [shared, *({**shared, "name": None} | _flat("claims", entry) for entry in entries)]
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        yield InputError(path.name, " ".join(str(error).split()), "write it as YAML")
        return
    except InputError as mistake:
        yield InputError(f"{path.name}: {mistake.argument}", mistake.value, mistake.remedy)
        return
    for number, spec in enumerate(merged):
        if spec.get("statistic") is not None:
            name = str(spec.get("name") or (path.stem if number == 0 else f"{path.stem}_{number + 1}"))
            try:
                yield _claim(path.stem, name, spec, columns)
            except InputError as mistake:
                yield InputError(f"{path.name}: {name}: {mistake.argument}", mistake.value, mistake.remedy)


def _flat(key: str, node: Any) -> dict[str, Any]:
    """What an entry says about its claim, whether inside its block ``claim`` or beside it."""
    require(isinstance(node, Mapping), key, node, "write a mapping")
    inner = node.get("claim") or {}
    require(isinstance(inner, Mapping), "claim", inner, "write a mapping: words, source, equation")
    return {name: value for name, value in node.items() if name not in ("claim", "claims")} | dict(inner)


def _claim(study: str, name: str, spec: Mapping[str, Any], columns: Collection[str]) -> Claim:
    for key in ("words", "source", "equation", "predicted", "direction", "tolerance", "refuted_by"):
        require(spec.get(key) is not None, key, "nothing", "say it")
    _one_of("direction", spec["direction"], DIRECTIONS)
    _one_of("expected", spec.get("expected"), (*EXPECTATIONS, None))
    statistic = _statistic(spec["statistic"], columns)
    for key, least in (("predicted", -np.inf), ("tolerance", 0.0)):
        _number(key, _formula(key, str(spec[key]), dict.fromkeys(statistic.each, 2.0), evaluate), least)
    words, refuted_by = (" ".join(str(spec[key]).split()) for key in ("words", "refuted_by"))
    control = None if spec.get("control") is None else _control(study, name, spec, columns)
    return Claim(name, study, words, str(spec["source"]), str(spec["equation"]), statistic, str(spec["predicted"]),
                 spec["direction"], str(spec["tolerance"]), refuted_by, spec.get("expected"), spec.get("number"),
                 tuple(spec.get("records") or (study,)), bool(spec.get("listed", True)), control)


def _control(study: str, name: str, spec: Mapping[str, Any], columns: Collection[str]) -> Claim:
    """The claim with its planted defect."""
    planted = spec["control"]
    require(isinstance(planted, Mapping) and bool(planted.get("words")), "control", planted,
            "write a mapping: words, and what is planted")
    lost = sorted(set(map(str, planted)) - set(PLANTED))
    require(not lost, "control", ", ".join(lost), f"its keys are {', '.join(PLANTED)}")
    changed = planted.get("statistic") or {}
    require(isinstance(changed, Mapping), "control.statistic", changed, "write a mapping of the keys that differ")
    try:
        return _claim(study, name, {**spec, **planted, "statistic": {**spec["statistic"], **changed},
                                    "expected": "refuted", "control": None}, columns)
    except InputError as mistake:
        raise InputError(f"control: {mistake.argument}", mistake.value, mistake.remedy) from None


def _statistic(given: Any, columns: Collection[str]) -> Statistic:
    require(isinstance(given, Mapping), "statistic", given, "write a mapping with a kind; words go to `measured`")
    _one_of("statistic.kind", given.get("kind"), KINDS)
    known = [one.name for one in fields(Statistic)]
    unknown = sorted(set(map(str, given)) - set(known))
    require(not unknown, "statistic", ", ".join(unknown), f"its keys are {', '.join(known)}")
    for key, kinds in NEEDED.items():
        require(given["kind"] not in kinds or bool(given.get(key)), f"statistic.{key}", "nothing",
                f"a {given['kind']} needs it")
    values = {key: value for key, value in given.items() if value is not None or key == "saturation"}
    for key in ("each", "by", "over", "levels"):
        listed = values.get(key, [])
        require(isinstance(listed, list), f"statistic.{key}", listed, "write a list")
        lost = [str(name) for name in listed if key != "levels" and name not in columns]
        require(not lost, f"statistic.{key}", ", ".join(lost), "there is no such column in the table of runs")
        values[key] = tuple(_number("statistic.levels", one, 1e-300) if key == "levels" else one for one in listed)
    for key in ("least_points", "least_span", "finest", "saturation"):
        if values.get(key) is not None:
            _number(f"statistic.{key}", values[key], 0.0)
    row = {name: np.array([2.0]) for name in columns}
    for key in (*NUMBERS, *CONDITIONS):
        if key in values and (text := str(values[key])) != OVER_LEVELS:
            found = np.asarray(_formula(f"statistic.{key}", text, row, lambda text, row: parsed(text)(row)))
            fits, like = (found.dtype == bool, "condition, such as K == 3") if key in CONDITIONS else \
                (found.dtype.kind in "fi", "number, such as 1 / T")
            require(fits, f"statistic.{key}", text, f"write a {like}")
            values[key] = text
    return Statistic(**values)


def _formula(key: str, text: str, names: Mapping[str, Any], value: Callable[[str, Mapping[str, Any]], Any]) -> Any:
    try:
        return value(text, names)
    except InputError as mistake:
        raise InputError(key, text, mistake.remedy) from None


def _one_of(key: str, value: Any, choices: Iterable[str | None]) -> None:
    require(value in choices, key, value, f"choose one of {', '.join(str(choice or 'nothing') for choice in choices)}")


def _number(key: str, value: Any, least: float) -> float:
    number = float(pd.to_numeric(value, errors="coerce")) if np.isscalar(value) else np.nan
    require(number >= least, key, value, f"give a number of at least {least:g}")
    return number
