"""Claims are judged by what the records say: right ones stand, wrong exponents fall, short ranges decide nothing."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import yaml
from scipy.stats import norm

from analysis.claims.claim import read_claims, read_study
from analysis.claims.measured import Measured
from analysis.claims.picture import draw
from analysis.claims.table import judge_all, measured, tabulate
from analysis.files import STUDIES
from analysis.runs import compile_runs
from analysis.tests import synthetic
from analysis.verify import main
from heroism.formulas import evaluate

LADDER = (32, 64, 128, 256, 512)
SLOPE = {"kind": "slope", "x": "h", "by": ["target"], "each": ["K"]}


def record(folder: Path, error: float, *, stderr=0.02, floor=1e-14, **fields):
    """One record of the study "made"; ``stderr`` relative."""
    error = min(error, 1.0)
    estimates = {"total_variation": {"value": error, "stderr": stderr * error, "floor": floor, "n": 100}}
    base = {"study": "made", "particles": 100, "evaluations": 10, "rounds": 63, "estimates": estimates}
    if fields.get("status") == "failed":
        base |= {"estimates": {}, "reason": "a reason", "evaluations": None}
    synthetic.save(folder, [synthetic.record(**(base | fields))])


def ladder(folder: Path, order: float, steps=LADDER, scale: float = 1.0, jitter: float = 0.02, step=None, **fields):
    """Errors ``scale * h^order`` with the scatter that their standard errors promise."""
    rng = np.random.default_rng(int(1000 * order))
    for count in steps:
        h = np.log(count) / count if step is None else step(count)
        record(folder, scale * h**order * np.exp(jitter * rng.standard_normal()), T=count, **fields)


def study(folder: Path, **changes) -> Path:
    path = folder / "made.yaml"
    path.write_text(yaml.safe_dump({
        "claim": {"words": "something", "source": "here", "equation": "1"}, "statistic": SLOPE, "predicted": "K",
        "direction": "at least", "tolerance": 0.2, "refuted_by": "less", "expected": "confirmed",
        "grids": [{"T": 1}], **changes}))
    return path


def verify(claims, folder: Path):
    return judge_all(claims, compile_runs(folder).table)


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
    record(tmp_path, 1.0, status="failed")
    verdict, = verdicts(tmp_path)
    assert verdict.word == "undecided" and "1 failed" in verdict.why


def test_noise_makes_a_bound_undecided(tmp_path):
    ladder(tmp_path, 3.0, jitter=0.0, stderr=0.45)
    verdict, = verdicts(tmp_path)
    assert verdict.word == "undecided" and "holds both sides" in verdict.why


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
        record(tmp_path, 1e-3 + error, score_error=error, stderr=0.01, config={"perturbation": {"amplitude": error}})
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


def test_slopes_of_several_curves_are_pooled_and_may_be_inverted(tmp_path):
    for d in (4, 16):
        ladder(tmp_path, 4.0, d=d, scale=d)
    statistic = SLOPE | {"kind": "inverse_slope", "over": ["d"]}
    group, = verify(read_study(study(tmp_path, statistic=statistic, predicted="1/K")), tmp_path)[0].row.groups
    assert group.fits == len(group.curves) == 2 and group.value == pytest.approx(0.25, abs=0.01)
    assert group.low < group.value < group.high and group.curves[1].names == {"d": 16}


def test_an_error_that_does_not_fall_has_no_inverse(tmp_path):
    for count in LADDER:
        record(tmp_path, 0.1 + 1e-4 * count, T=count)
    verdict, = verdicts(tmp_path, statistic=SLOPE | {"kind": "inverse_slope"})
    assert verdict.word == "undecided" and "does not fall" in verdict.why


# ---- errors of statistics --------------------------------------------------------------------------------------------

RATIO = {"kind": "ratio", "by": ["d", "T"], "numerator": "N == 'auto'", "denominator": "N == 20", "paired": True}


def pairs(folder: Path, common: float, dims=range(1, 7), seeds=(0,)):
    """Two samplers: relative errors of 0.1, of whose variance the share ``common`` is the same in both."""
    rng = np.random.default_rng(0)
    records = []
    for count, d, seed in itertools.product(LADDER, dims, seeds):
        both, *own = rng.standard_normal(3)
        for N, apart in zip(("auto", 20), own, strict=True):
            value = 0.01 * np.exp(0.1 * (np.sqrt(common) * both + np.sqrt(1 - common) * apart))
            part = {"value": value, "stderr": 0.1 * value, "floor": 0.0, "n": 100}
            records.append(synthetic.record(T=count, N=N, d=d, seed=seed, study="made",
                                            estimates={"total_variation": part}))
    synthetic.save(folder, records)


def widths(folder: Path, **changes):
    row, = verify(read_study(study(folder, statistic=RATIO | changes, predicted=1, direction="equal")), folder)
    reach = 2 * norm.ppf(1 - 0.025 / len(row.row.groups))  # the intervals hold together
    return [(group.high - group.low) / (reach * group.value) for group in row.row.groups]


def test_errors_that_are_not_common_do_not_cancel(tmp_path):
    """Equal errors whose noise is independent: the ratio is about as uncertain as if nothing were paired."""
    pairs(tmp_path, common=0.0)
    assert widths(tmp_path, paired=False) == pytest.approx([0.1 * np.sqrt(2)] * 30)
    assert all(0.8 * 0.1 * np.sqrt(2) < width <= 0.1 * np.sqrt(2) for width in widths(tmp_path))


def test_errors_that_are_common_cancel_as_far_as_the_pairs_show_it(tmp_path):
    pairs(tmp_path, common=0.99)
    assert all(0.9 < width / (0.1 * np.sqrt(2 * 0.01)) < 1.6 for width in widths(tmp_path))


def test_a_single_pair_shows_nothing(tmp_path):
    for N in ("auto", 20):
        record(tmp_path, 0.01, N=N, stderr=0.1)
    assert widths(tmp_path) == pytest.approx([0.1 * np.sqrt(2)])


def test_seeds_are_pairs(tmp_path):
    pairs(tmp_path, common=0.99, dims=(4,), seeds=range(4))
    assert all(0.7 < width / (0.1 * np.sqrt(2 * 0.01 / 4)) < 1.8 for width in widths(tmp_path))


def test_a_level_may_lie_on_either_side_of_what_its_floor_hides(tmp_path):
    record(tmp_path, 0.5, stderr=0.02, floor=0.1)
    group, = verify(read_study(study(tmp_path, statistic={"kind": "level"}, predicted=1)), tmp_path)[0].row.groups
    assert (group.low, group.high) == pytest.approx((0.5 - 1.96 * 0.01 - 0.1, 0.5 + 1.96 * 0.01 + 0.1))


@pytest.mark.parametrize("share", ["folded", "diverged"])
def test_what_folds_or_diverges_is_marked_and_decides_nothing(tmp_path, share):
    ladder(tmp_path, 3.0, jitter=0.0)
    ladder(tmp_path, 1.0, (1024, 2048), jitter=0.0, scale=1e-4, **{share: 1e-3})
    one, = verify(read_study(study(tmp_path, statistic=SLOPE | {"saturation": None})), tmp_path)
    group, = one.row.groups
    assert group.value == pytest.approx(3.0) and group.points == 5 and group.doubtful == 2
    assert group.curves[0].doubtful.tolist() == [False] * 5 + [True] * 2
    table = tabulate([one])
    assert table["measured"][0].endswith("†") and table["doubtful"][0] == 2
    level = {"kind": "level", "by": ["T"], "where": "T > 1000"}
    assert verdicts(tmp_path, statistic=level, predicted=0, direction="at least", tolerance=0)[0].word == "undecided"


def test_an_order_is_one_in_the_step_of_the_schedule_itself(tmp_path):
    """A correct second order on uniform steps of another clock; in the step of the paper's it would be refuted."""
    ladder(tmp_path, 2.0, step=lambda count: 1.0 / (count - 1), schedule="log_snr", K=2)
    verdict, = verdicts(tmp_path, direction="equal")
    assert verdict.word == "confirmed" and verdict.worst.value == pytest.approx(2.0, abs=0.05)
    assert verdicts(tmp_path, direction="equal", statistic=SLOPE | {"x": "log(T)/T"})[0].word == "refuted"


def test_claims_and_tables_see_the_same_points(tmp_path):
    """Of equal runs the newest, of several numbers of particles the largest, seeds averaged, failures told."""
    ladder(tmp_path, 3.0, jitter=0.0)
    ladder(tmp_path, 1.0, jitter=0.0, finished="2025-01-01T00:00:00+00:00")
    ladder(tmp_path, 1.0, jitter=0.0, particles=10)
    ladder(tmp_path, 3.0, jitter=0.0, seed=1)
    row = verify(read_study(study(tmp_path)), tmp_path)[0].row
    assert row.groups[0].value == pytest.approx(3.0) and row.groups[0].points == 5 and row.runs == 10


# ---- records ---------------------------------------------------------------------------------------------------------

def test_a_claim_may_use_the_records_of_other_studies(tmp_path):
    ladder(tmp_path, 3.0, LADDER[:3])
    ladder(tmp_path, 3.0, LADDER[3:], study="elsewhere")
    assert verdicts(tmp_path)[0].word == "undecided"
    assert verdicts(tmp_path, records=["made", "elsewhere"])[0].word == "confirmed"


def test_parameters_and_scales_are_columns(tmp_path):
    for width in (1, 10, 100, 1000, 10000):
        record(tmp_path, 1e-5 * width, config={"target": {"half_width": width, "_target_": "x"}})
    statistic = {"kind": "slope", "x": "target_half_width", "scaled_by": "1 / size"}
    assert verdicts(tmp_path, statistic=statistic, predicted=0, direction="equal")[0].word == "confirmed"


# ---- study files -----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("claim", read_claims(STUDIES)[0], ids=lambda claim: claim.name)
def test_every_claim_can_be_evaluated_and_is_complete(claim):
    names = dict.fromkeys(claim.statistic.each, 2)
    assert np.isfinite(evaluate(claim.predicted, names)) and evaluate(claim.tolerance, names) >= 0
    assert claim.control is not None, "every claim has a negative control: conf/study/dimension.yaml says how"
    assert claim.words and claim.source and claim.refuted_by and (claim.expected or not claim.listed)


def test_all_eleven_are_there():
    assert {claim.number for claim in read_claims(STUDIES)[0]} >= set(range(1, 12))


def test_a_study_may_hold_several_claims_that_inherit(tmp_path):
    claims = read_study(study(tmp_path, claims=[{"predicted": 7}, {"name": "third", "claim": {"words": "else"}}]))
    assert [(claim.name, claim.words, claim.predicted, claim.source) for claim in claims] == [
        ("made", "something", "K", "here"), ("made_2", "something", "7", "here"), ("third", "else", "K", "here")]


def test_the_study_files_are_sound():
    assert read_claims(STUDIES)[1] == []


@pytest.mark.parametrize("change, named", [
    ({"direction": "about"}, "direction"), ({"predicted": None}, "predicted"), ({"expected": "maybe"}, "expected"),
    ({"predicted": "2 K"}, "predicted"), ({"predicted": "J"}, "predicted"), ({"tolerance": -1}, "tolerance"),
    ({"predicted": "the order that is claimed"}, "predicted"), ({"statistic": "the order"}, "statistic"),
    ({"statistic": {"kind": "slop"}}, "statistic.kind"), ({"statistic": {"kind": "slope"}}, "statistic.x"),
    ({"statistic": SLOPE | {"hue": "K"}}, "hue"), ({"statistic": SLOPE | {"where": "nothing == 1"}}, "statistic.where"),
    ({"statistic": SLOPE | {"where": "K + 1"}}, "statistic.where"),
    ({"statistic": SLOPE | {"x": "K > 1"}}, "statistic.x"), ({"statistic": SLOPE | {"finest": "few"}}, "finest"),
    ({"statistic": SLOPE | {"y": "error + nothing"}}, "statistic.y"),
    ({"statistic": SLOPE | {"by": ["none"]}}, "statistic.by"), ({"statistic": SLOPE | {"by": "d"}}, "statistic.by"),
    ({"statistic": SLOPE | {"x": "log(h"}}, "statistic.x"), ({"statistic": SLOPE | {"x": "target.h"}}, "statistic.x"),
    ({"statistic": SLOPE | {"scaled_by": "T.to_pickle('x')"}}, "statistic.scaled_by"),
    ({"statistic": SLOPE | {"reached": "T.rename.__globals__"}}, "statistic.reached"),
    ({"statistic": SLOPE | {"baseline": "9**9**9 > T"}}, "statistic.baseline"), ({"records": ["nowhere"]}, "records")])
def test_a_mistake_is_named_before_anything_runs_and_the_others_go_on(tmp_path, capsys, monkeypatch, change, named):
    (tmp_path / "fine.yaml").write_text(study(tmp_path).read_text())
    study(tmp_path, **change)
    monkeypatch.setattr("analysis.verify.STUDIES", tmp_path)
    assert main(["--studies"]) == 2
    said = capsys.readouterr()
    assert said.out.split() == ["fine"]
    assert said.err.count("\n") == 1 and said.err.startswith("made.yaml: made: ") and named in said.err


@pytest.mark.parametrize("text", ["a: [1", "- 1", "claims: 3", "\tx: 1", "claim: words", ""])
def test_a_file_that_is_no_study_stops_no_other(tmp_path, capsys, monkeypatch, text):
    (tmp_path / "fine.yaml").write_text(study(tmp_path).read_text())
    (tmp_path / "made.yaml").write_text(text)
    monkeypatch.setattr("analysis.verify.STUDIES", tmp_path)
    assert main(["--studies"]) == 2
    said = capsys.readouterr()
    assert said.out.split() == ["fine"] and said.err.startswith("made.yaml") and said.err.count("\n") == 1


def test_two_claims_of_one_name_are_one_too_many(tmp_path):
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text(study(tmp_path, name="same").read_text())
    (tmp_path / "made.yaml").unlink()
    claims, mistakes = read_claims(tmp_path)
    assert [claim.study for claim in claims] == ["one"] and "two.yaml: name = same" in str(mistakes[0])


def test_a_broken_claim_replaces_no_published_table(tmp_path, monkeypatch):
    ladder(tmp_path, 3.0)
    study(tmp_path)
    monkeypatch.setattr("analysis.verify.STUDIES", tmp_path)
    assert main(["--results", str(tmp_path), "--no-figures"]) == 0
    published = (tmp_path / "tables" / "claims.csv").read_bytes()
    study(tmp_path, claims=[{"predicted": "no formula"}])
    assert main(["--results", str(tmp_path), "--no-figures"]) == 2
    assert (tmp_path / "tables" / "claims.csv").read_bytes() == published


# ---- table, README, command line -------------------------------------------------------------------------------------

def test_numbers_are_rounded_to_what_their_interval_says():
    assert measured(Measured("sphere", 4.8e-15, -0.00711, 0.00711, 5)) == "0 [-0.0071, 0.0071] sphere"
    assert measured(Measured("", 0.1234, 0.1, 0.15, 5)) == "0.123 [0.1, 0.15]"
    assert measured(Measured("", 1e-9, 1e-9, 1e-9, 5)) == "1e-09 [1e-09, 1e-09]"
    assert measured(None) == "-"


def test_equations_are_numbers_or_words(tmp_path):
    for words, shown in (("17", "here, eq. 17"), ("lemma 7", "here, lemma 7")):
        claim = {"words": "something", "source": "here", "equation": words}
        ladder(tmp_path, 3.0)
        assert tabulate(verify(read_study(study(tmp_path, claim=claim)), tmp_path))["source"].tolist() == [shown]


def test_evaluations_are_those_of_all_particles(tmp_path):
    ladder(tmp_path, 3.0)
    record(tmp_path, 1e-3, study="another")
    table = tabulate(verify(read_study(study(tmp_path)), tmp_path))
    assert table["spent"].tolist() == [len(LADDER) * 10 * 100]


@pytest.mark.parametrize("expected, code", [("confirmed", 1), ("sharper", 1), ("refuted", 0)])
def test_only_a_contradiction_is_an_error(tmp_path, monkeypatch, capsys, expected, code):
    ladder(tmp_path, 2.0)
    study(tmp_path, expected=expected)
    monkeypatch.setattr("analysis.verify.STUDIES", tmp_path)
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
    found = compile_runs(tmp_path).table
    assert set(found["T"]) == {64.0} and found["size"].nunique() > 3 and (found["status"] == "done").all()


def test_the_claims_of_one_paper(tmp_path, capsys, monkeypatch):
    for name, source in (("one", "2506.24042"), ("two", "2309.05019, 2305.14267")):
        claim = {"words": "something", "source": source, "equation": "1"}
        (tmp_path / f"{name}.yaml").write_text(study(tmp_path, name=name, claim=claim).read_text())
    (tmp_path / "made.yaml").unlink()
    monkeypatch.setattr("analysis.verify.STUDIES", tmp_path)
    assert main(["--studies", "--paper=2305.14267"]) == 0
    assert capsys.readouterr().out.split() == ["two"]
    assert main(["--studies", "--paper=1234.56789"]) == 2
    assert "choose one of 2305.14267, 2309.05019, 2506.24042" in capsys.readouterr().err
