"""Claims are judged by what the records say: right ones stand, wrong exponents fall, short ranges decide nothing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from analysis.figures.claims import draw
from analysis.paths import STUDIES
from analysis.verify.__main__ import main
from analysis.verify.__main__ import verify as judge_all
from analysis.verify.claim import read_claims, read_study
from analysis.verify.runs import runs
from analysis.verify.statistics import Measured
from analysis.verify.table import into_readme, markdown, measured, tabulate
from heroism.errors import InputError
from heroism.formulas import evaluate

LADDER = (32, 64, 128, 256, 512)
SLOPE = {"kind": "slope", "x": "h", "by": ["target"], "each": ["K"]}


def record(folder: Path, error: float, **fields):
    """One record as experiments writes it, as far as claims look."""
    raw = folder / "raw"
    raw.mkdir(exist_ok=True)
    key = f"{len(list(raw.iterdir())):05d}"
    estimates = {"total_variation": {"value": error, "stderr": fields.pop("stderr", 0.02) * error,
                                     "floor": fields.pop("floor", 1e-14), "n": 100}}
    base = {"schema": 1, "kind": "rung", "key": key, "status": "done", "reason": None, "studies": ["made"],
            "target": "sphere", "sampler": "heroism", "start": "exact", "distance": "total_variation", "d": 16, "K": 3,
            "N": "auto", "T": 64, "particles": 100, "seed": 0, "evaluations": 10, "rounds": 63, "config": {}}
    (raw / f"{key}.json").write_text(json.dumps(base | {"estimates": estimates} | fields))


def ladder(folder: Path, order: float, steps=LADDER, scale: float = 1.0, jitter: float = 0.02, **fields):
    """Errors ``scale * h^order`` with the scatter that their standard errors promise."""
    rng = np.random.default_rng(int(1000 * order))
    for count in steps:
        h = np.log(count) / count
        record(folder, scale * h**order * np.exp(jitter * rng.standard_normal()), T=count, **fields)


def study(folder: Path, **changes) -> Path:
    path = folder / "made.yaml"
    path.write_text(yaml.safe_dump({
        "claim": {"words": "something", "source": "here", "equation": "1"}, "statistic": SLOPE, "predicted": "K",
        "direction": "at least", "tolerance": 0.2, "refuted_by": "less", "expected": "confirmed",
        "grids": [{"T": 1}], **changes}))
    return path


def verify(claims, folder: Path):
    return judge_all(claims, runs(folder))


def verdicts(folder: Path, **changes):
    return [one.verdict for one in verify(read_study(study(folder, **changes)), folder)]


# ---- verdicts --------------------------------------------------------------------------------------------------------

def test_a_true_claim_is_confirmed_and_one_edited_to_a_wrong_exponent_is_refuted(tmp_path):
    ladder(tmp_path, 3.0)
    ladder(tmp_path, 3.0, target="circle", scale=0.2)
    assert [verdict.word for verdict in verdicts(tmp_path)] == ["confirmed"]
    assert [verdict.word for verdict in verdicts(tmp_path, predicted="K + 1")] == ["refuted"]
    assert [verdict.word for verdict in verdicts(tmp_path, predicted="K - 1")] == ["sharper than claimed"]


def test_one_family_refutes_and_is_named(tmp_path):
    ladder(tmp_path, 3.0)
    ladder(tmp_path, 2.0, target="circle", scale=0.1)
    verdict, = verdicts(tmp_path)
    assert verdict.word == "refuted" and "circle" in verdict.why and verdict.worst.label == "circle"


@pytest.mark.parametrize("steps", [(32, 64), (256, 272, 288, 304, 320)])
def test_too_short_a_range_is_undecided(tmp_path, steps):
    ladder(tmp_path, 3.0, steps, jitter=0.0)
    verdict, = verdicts(tmp_path)
    assert verdict.word == "undecided" and ("points needed" in verdict.why or "a range of" in verdict.why)


def test_what_lies_at_the_floor_decides_nothing(tmp_path):
    ladder(tmp_path, 3.0, floor=1.0)
    verdict, = verdicts(tmp_path)
    assert verdict.word == "undecided" and "floor" in verdict.why


def test_no_runs_are_undecided_and_failed_ones_are_told(tmp_path):
    record(tmp_path, 1.0, status="failed", estimates={})
    verdict, = verdicts(tmp_path)
    assert verdict.word == "undecided" and "1 failed" in verdict.why


def test_noise_makes_a_bound_undecided(tmp_path):
    ladder(tmp_path, 3.0, jitter=0.0, stderr=0.45)
    verdict, = verdicts(tmp_path)
    assert verdict.word == "undecided" and "does not decide" in verdict.why


def test_a_bent_range_is_as_uncertain_as_its_halves_differ(tmp_path):
    for steps in LADDER:
        h = np.log(steps) / steps
        record(tmp_path, (h**2 + 200.0 * h**4) / 10, T=steps, stderr=1e-6)
    worst = verdicts(tmp_path)[0].worst
    assert worst.high - worst.low > 0.5


@pytest.mark.parametrize("direction, order, word", [
    ("equal", 3.0, "confirmed"), ("equal", 2.0, "refuted"), ("equal", 4.0, "refuted"),
    ("at most", 3.0, "confirmed"), ("at most", 2.0, "sharper than claimed"), ("at most", 4.0, "refuted"),
    ("at least", 2.0, "refuted"), ("at least", 4.0, "sharper than claimed")])
def test_directions(tmp_path, direction, order, word):
    ladder(tmp_path, order)
    assert verdicts(tmp_path, direction=direction)[0].word == word


# ---- statistics ------------------------------------------------------------------------------------------------------

CROSSING = {"kind": "crossing_slope", "levels": [1e-2, 1e-3, 1e-4, 1e-5], "by": ["target"], "each": ["K"]}


@pytest.fixture
def grid(tmp_path):
    """TV = (0.5 d^0.8 h)^2 on a fine ladder: T / log T = 0.5 d^0.8 epsilon^(-1/2)."""
    for d in (4, 16, 64, 256):
        ladder(tmp_path, 2.0, [2**k for k in range(4, 20)], (0.5 * d**0.8) ** 2, 0.0, K=2, d=d)
    return tmp_path


@pytest.mark.parametrize("x, by, value", [("d", ["target"], 0.8), ("1/epsilon", ["target", "d"], 0.5)])
def test_exponents_of_the_steps_to_epsilon(grid, x, by, value):
    verdict = verdicts(grid, statistic=CROSSING | {"x": x, "by": by}, predicted="1 + 2/K", direction="at most")[0]
    assert verdict.worst.value == pytest.approx(value, abs=0.02)
    assert verdict.word == "sharper than claimed"
    wrong = verdicts(grid, statistic=CROSSING | {"x": x, "by": by}, predicted="1/K - 0.3", direction="at most")[0]
    assert wrong.word == "refuted"


def test_what_is_reached_may_hold_other_logarithms(grid):
    statistic = CROSSING | {"x": "1/epsilon", "by": ["target", "d"]}
    plain, other = (verdicts(grid, statistic=statistic | {"reached": reached}, predicted=0.5, direction="at most")[0]
                    for reached in ("T / log(T)", "T / log(T)**3"))
    assert plain.worst.value == pytest.approx(0.5, abs=0.02) and other.worst.value < 0.45


def test_levels_that_are_not_reached_are_not_extrapolated(grid):
    statistic = CROSSING | {"x": "d", "levels": [1e-30]}
    assert verdicts(grid, statistic=statistic)[0].word == "undecided"


def test_geometric_rate(tmp_path):
    for n in range(1, 8):
        record(tmp_path, 0.2 * 0.25**n, N=n, rounds=63 * n)
    statistic = {"kind": "geometric", "x": "refinements", "by": ["target"]}
    worst = verdicts(tmp_path, statistic=statistic, predicted="0.25", direction="equal", tolerance=0.02)[0].worst
    assert worst.value == pytest.approx(0.25, rel=1e-6)


def test_level_and_ratio(tmp_path):
    record(tmp_path, 0.9)
    record(tmp_path, 0.03, sampler="ddpm")
    level = {"kind": "level", "by": ["sampler"], "where": "sampler == 'heroism'"}
    assert verdicts(tmp_path, statistic=level, predicted=0.5, direction="at least", tolerance=0)[0].word \
        == "sharper than claimed"
    ratio = {"kind": "ratio", "numerator": "sampler == 'heroism'", "denominator": "sampler == 'ddpm'"}
    assert verdicts(tmp_path, statistic=ratio, predicted=30, direction="equal", tolerance=3)[0].word == "confirmed"


def test_a_baseline_is_the_floor_of_the_others(tmp_path):
    record(tmp_path, 1e-3, score_error=0.0)
    for error in (1e-5, 1e-4, 1e-3, 1e-2, 3e-2, 1e-1):
        record(tmp_path, 1e-3 + error, score_error=error, stderr=0.01)
    statistic = {"kind": "slope", "x": "score_error", "baseline": "score_error == 0", "least_points": 3}
    group, = verify(read_study(study(tmp_path, statistic=statistic, predicted=1)), tmp_path)[0].row.groups
    assert group.points == 3


def test_only_the_finest_points_of_a_fit(tmp_path):
    ladder(tmp_path, 3.0, jitter=0.0)
    ladder(tmp_path, 6.0, (4, 8, 16), scale=1e3, jitter=0.0)  # coarse, and of another order
    settled, every = (verify(read_study(study(tmp_path, statistic=SLOPE | {"finest": finest, "saturation": None})),
                             tmp_path)[0].row.groups[0] for finest in (4, 0))
    assert settled.value == pytest.approx(3.0) and settled.points == 4
    assert every.value > 3.3


def test_a_claim_may_use_the_records_of_other_studies(tmp_path):
    ladder(tmp_path, 3.0, LADDER[:3])
    ladder(tmp_path, 3.0, LADDER[3:], studies=["elsewhere"])
    assert verdicts(tmp_path)[0].word == "undecided"
    assert verdicts(tmp_path, records=["made", "elsewhere"])[0].word == "confirmed"


def test_parameters_and_scales_are_columns(tmp_path):
    for width in (1, 10, 100, 1000, 10000):
        record(tmp_path, 1e-5 * width, config={"target": {"half_width": width, "_target_": "x"}})
    statistic = {"kind": "slope", "x": "target_half_width", "scaled_by": "1 / size"}
    assert verdicts(tmp_path, statistic=statistic, predicted=0, direction="equal")[0].word == "confirmed"


# ---- study files -----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("claim", read_claims(STUDIES), ids=lambda claim: claim.name)
def test_every_claim_can_be_evaluated_and_is_complete(claim):
    names = dict.fromkeys(claim.statistic.each, 2)
    assert np.isfinite(evaluate(claim.predicted, names)) and evaluate(claim.tolerance, names) >= 0
    assert claim.words and claim.source and claim.refuted_by and claim.expected


def test_all_eleven_are_there():
    assert {claim.number for claim in read_claims(STUDIES)} >= set(range(1, 12))


def test_a_study_may_hold_several_claims_that_inherit(tmp_path):
    claims = read_study(study(tmp_path, claims=[{"predicted": 7}, {"name": "third", "claim": {"words": "else"}}]))
    assert [(claim.name, claim.words, claim.predicted, claim.source) for claim in claims] == [
        ("made", "something", "K", "here"), ("made_2", "something", "7", "here"), ("third", "else", "K", "here")]


@pytest.mark.parametrize("change, named", [
    ({"direction": "about"}, "direction"), ({"predicted": None}, "predicted"), ({"expected": "maybe"}, "expected"),
    ({"statistic": {"kind": "slop"}}, "statistic.kind"), ({"statistic": {"kind": "slope"}}, "statistic.x"),
    ({"statistic": SLOPE | {"hue": "K"}}, "hue")])
def test_a_mistake_in_a_study_is_named(tmp_path, change, named):
    with pytest.raises(InputError, match="made") as caught:
        read_study(study(tmp_path, **change))
    assert named in str(caught.value)


@pytest.mark.parametrize("change", [{"where": "nothing == 1"}, {"y": "error + nothing"}, {"by": ["nothing"]}])
def test_a_column_that_is_not_there_is_an_input_error(tmp_path, change):
    ladder(tmp_path, 3.0)
    with pytest.raises(InputError):
        verdicts(tmp_path, statistic=SLOPE | change)


def test_formulas():
    assert evaluate("1 + 2/K", {"K": 4}) == 1.5
    assert evaluate("-(K**2) * 0.5", {"K": 2}) == -2.0
    for formula in ("__import__('os')", "K.real", "2 +", "x", "1/0"):
        with pytest.raises(InputError):
            evaluate(formula, {"K": 2})


# ---- table, README, command line -------------------------------------------------------------------------------------

def test_numbers_are_rounded_to_what_their_interval_says():
    assert measured(Measured("sphere", 4.8e-15, -0.00711, 0.00711, 5)) == "0 [-0.00711, 0.00711] sphere"
    assert measured(Measured("", 0.1234, 0.1, 0.15, 5)) == "0.123 [0.1, 0.15]"
    assert measured(Measured("", 1e-9, 1e-9, 1e-9, 5)) == "1e-09 [1e-09, 1e-09]"
    assert measured(None) == "-"


def test_equations_are_numbers_or_words(tmp_path):
    for words, shown in (("17", "here, eq. 17"), ("lemma 7", "here, lemma 7")):
        claim = {"words": "something", "source": "here", "equation": words}
        ladder(tmp_path, 3.0)
        assert tabulate(verify(read_study(study(tmp_path, claim=claim)), tmp_path))["source"].tolist() == [shown]


def test_the_table_goes_between_its_markers_and_nowhere_else(tmp_path):
    ladder(tmp_path, 3.0)
    text = markdown(tabulate(verify(read_study(study(tmp_path)), tmp_path)))
    readme = tmp_path / "README.md"
    readme.write_text("a\n<!-- table:claims -->\nold\n<!-- /table -->\nb\n<!-- table:x -->\n<!-- /table -->\n")
    assert into_readme(readme, text) and into_readme(readme, text)
    after = readme.read_text()
    assert after.count("confirmed") == 1 and "old" not in after and after.startswith("a\n") and "table:x" in after
    assert not into_readme(tmp_path / "none.md", text)


def test_evaluations_are_those_of_all_particles(tmp_path):
    ladder(tmp_path, 3.0)
    record(tmp_path, 1e-3, studies=["another"])
    table = tabulate(verify(read_study(study(tmp_path)), tmp_path))
    assert table["spent"].tolist() == [len(LADDER) * 10 * 100]


@pytest.mark.parametrize("expected, code", [("confirmed", 1), ("sharper", 1), ("refuted", 0)])
def test_only_a_contradiction_is_an_error(tmp_path, monkeypatch, capsys, expected, code):
    ladder(tmp_path, 2.0)
    study(tmp_path, expected=expected)
    monkeypatch.setattr("analysis.verify.__main__.STUDIES", tmp_path)
    assert main(["--results", str(tmp_path), "--no-figures"]) == code
    assert ("Contradiction" in capsys.readouterr().err) == bool(code)
    assert (tmp_path / "tables" / "claims.csv").is_file()


def test_every_kind_has_its_picture(tmp_path):
    ladder(tmp_path, 3.0)
    never = CROSSING | {"x": "d", "levels": [1e-30]}
    for number, statistic in enumerate((SLOPE, {"kind": "level"}, CROSSING | {"x": "1/epsilon"}, never)):
        claims = read_study(study(tmp_path, name=f"claim{number}", statistic=statistic, predicted=1))
        draw(verify(claims, tmp_path)).draw_without_rendering()


def test_a_studys_smoke_version_reaches_the_table(tmp_path, capsys):
    from experiments.run import main as run
    assert run(["-m", "study=support_radius", "smoke=true", "hydra/launcher=basic", f"results={tmp_path}",
                "target=sphere", "start=exact"]) == 0
    assert main(["--results", str(tmp_path), "--only", "support_radius", "--no-figures"]) == 0
    assert "undecided" in capsys.readouterr().out
    found = runs(tmp_path)
    assert set(found["T"]) == {64.0} and found["size"].nunique() > 3 and (found["status"] == "done").all()
