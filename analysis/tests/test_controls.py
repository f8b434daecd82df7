"""Verdicts that could have failed: controls that are refuted, findings, joint intervals, power, what is too little."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis.claims.claim import read_claims, read_study
from analysis.claims.measured import Measured
from analysis.claims.table import judge_all, measured, rounded, tabulate
from analysis.claims.verdicts import judge
from analysis.files import STUDIES
from analysis.runs import compile_runs
from analysis.tests import synthetic
from analysis.tests.test_claims import CROSSING, LADDER, SLOPE, ladder, record, study, verdicts, verify
from analysis.verify import main
from heroism.errors import InputError

CLAIMS = read_claims(STUDIES)[0]
IN_BOTH = SLOPE | {"beside": "log(T)**(2 + 2/K) / T"}


# ---- controls --------------------------------------------------------------------------------------------------------

def test_every_claim_has_a_control():
    """``test_published_tables`` judges them."""
    assert [claim.name for claim in CLAIMS if claim.control is None] == [], "conf/study/dimension.yaml says how"


@pytest.mark.slow
def test_defective_samplers_are_refuted(tmp_path):
    """The controls that spoil what is measured, run for real."""
    from experiments.run import main as run
    assert run(["-m", "study=controls", "hydra/launcher=basic", f"results={tmp_path}"]) == 0
    spoiled = [claim.control for claim in CLAIMS if claim.control.records == ("controls",)]
    judged = judge_all(spoiled, compile_runs(tmp_path).table)
    assert len(judged) > 30 and {one.verdict.word for one in judged} == {"refuted"}


def test_a_control_is_the_claim_with_what_it_changes(tmp_path):
    control = {"words": "a half", "predicted": "K / 2", "statistic": {"where": "K == 3"}, "records": ["made", "other"]}
    claim, entry = read_study(study(tmp_path, control=control, claims=[{"predicted": "K + 1"}]))
    assert claim.control.statistic == replace(claim.statistic, where="K == 3") and claim.control.words == "a half"
    assert (claim.control.predicted, claim.control.records) == ("K / 2", ("made", "other"))
    assert (claim.control.expected, claim.control.control) == ("refuted", None)
    assert entry.control.predicted == "K / 2"  # inherited


@pytest.mark.parametrize("control, said", [
    ({"predicted": "K / 2"}, "words"), ("a half", "words"), ({"words": "a half", "number": 3}, "number"),
    ({"words": "a half", "predicted": "no formula"}, "control: predicted"),
    ({"words": "a half", "statistic": {"wher": "K == 3"}}, "control: statistic = wher")])
def test_mistakes_in_a_control_are_named(tmp_path, control, said):
    with pytest.raises(InputError, match=said):
        read_study(study(tmp_path, control=control))


@pytest.mark.parametrize("predicted, code", [("2 * K", 0), ("K", 1)])
def test_a_control_that_is_not_refuted_is_an_error(tmp_path, monkeypatch, capsys, predicted, code):
    ladder(tmp_path, 3.0)
    study(tmp_path, control={"words": "planted", "predicted": predicted})
    monkeypatch.setattr("analysis.verify.STUDIES", tmp_path)
    arguments = ["--results", str(tmp_path), "--no-figures"]
    assert main(arguments) == 0 and not (tmp_path / "tables" / "controls.csv").exists()
    assert main([*arguments, "--controls"]) == code
    said = capsys.readouterr()
    assert ("Not refuted: the control of made" in said.err) == bool(code) and "planted" in said.out
    assert (tmp_path / "tables" / "controls.csv").is_file()


def test_only_with_controls_their_studies_are_listed(tmp_path, monkeypatch, capsys):
    study(tmp_path, control={"words": "planted", "records": ["defects"]})
    (tmp_path / "defects.yaml").write_text("title: nothing to judge\nclaim: {words: none}\n")
    monkeypatch.setattr("analysis.verify.STUDIES", tmp_path)
    assert main(["--studies"]) == 0 and capsys.readouterr().out.split() == ["made"]
    assert main(["--studies", "--controls"]) == 0 and capsys.readouterr().out.split() == ["made", "defects"]


# ---- two variables ---------------------------------------------------------------------------------------------------

def test_an_order_that_only_logarithms_lift_is_not_confirmed(tmp_path):
    """At order 1.8 in h, K = 3 has one above 3 in the variable of the bound."""
    ladder(tmp_path, 1.8, jitter=0.0, scale=3.0, steps=(*LADDER, 1024))
    verdict, = verdicts(tmp_path, statistic=IN_BOTH)
    assert verdict.word == "undecided" and "the logarithms of the bound decide" in verdict.why
    assert verdicts(tmp_path, statistic=SLOPE)[0].word == "refuted"
    bound = SLOPE | {"x": IN_BOTH["beside"]}
    assert verdicts(tmp_path, statistic=bound)[0].worst.value > 2.8


@pytest.mark.parametrize("order, word", [(3.0, "confirmed"), (0.5, "refuted")])
def test_both_variables_are_reported(tmp_path, order, word):
    ladder(tmp_path, order, jitter=0.0, scale=0.1)
    one, = verify(read_study(study(tmp_path, statistic=IN_BOTH)), tmp_path)
    assert one.verdict.word == word
    table = tabulate([one])
    assert table["value"][0] == pytest.approx(order) and float(table["beside"][0]) > 1.5 * order


# ---- findings --------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("direction, word", [("at least", "refuted"), ("equal", "refuted"), ("at most", "undecided")])
def test_a_ladder_that_never_leaves_saturation_is_a_finding(tmp_path, direction, word):
    ladder(tmp_path, 0.0, scale=0.9, jitter=0.0)
    verdict, = verdicts(tmp_path, direction=direction)
    assert verdict.word == word and "never leaves saturation over T = 32 ... 512" in verdict.why
    inverse = SLOPE | {"kind": "inverse_slope"}
    assert verdicts(tmp_path, direction="at most", statistic=inverse, predicted="1/K")[0].word == "refuted"


def test_a_short_saturated_ladder_is_none(tmp_path):
    ladder(tmp_path, 0.0, (256, 272, 288, 304, 320), scale=0.9, jitter=0.0)
    assert verdicts(tmp_path)[0].word == "undecided"


def test_steps_that_never_suffice_bound_the_growth(tmp_path):
    """1/h = 30 at d = 1, above 300 at d = 64: no fit, but an exponent above 0.5."""
    for d, scale in ((1, 0.3), (64, 60.0)):
        ladder(tmp_path, 1.0, (32, 64, 128, 256, 512, 1024, 2048, 4096), scale, 0.0, d=d)
    statistic = CROSSING | {"x": "d", "levels": [1e-2]}
    one, = verify(read_study(study(tmp_path, statistic=statistic, predicted="0.3", direction="at most")), tmp_path)
    assert one.verdict.word == "refuted" and measured(one.verdict.worst, one.verdict).startswith("above 0.6")
    for settings in ({"predicted": "0.6"}, {"statistic": statistic | {"least_span": 100}}):
        assert verdicts(tmp_path, **{"statistic": statistic, "predicted": "0.3"} | settings,
                        direction="at most")[0].word == "undecided"


def test_heavy_tails_decide_nothing(tmp_path):
    for steps in LADDER:
        part = {"value": 0.1 / steps, "stderr": 0.001 / steps, "floor": 0.0, "n": 100, "tail": 0.8}
        record(tmp_path, 0.0, T=steps, estimates={"total_variation": part})
    level = {"kind": "level", "by": ["T"]}
    ratio = {"kind": "ratio", "numerator": "T == 32", "denominator": "T == 64"}
    for statistic in (SLOPE, level, ratio):
        verdict, = verdicts(tmp_path, statistic=statistic, predicted=1)
        assert verdict.word == "undecided" and "heavy tail" in verdict.why


# ---- joint intervals, power, size ------------------------------------------------------------------------------------

def test_intervals_of_a_row_hold_together(tmp_path):
    """Had each 95 % to itself, one of 40 groups would leave its truth behind two times out of three."""
    rng, held, rows = np.random.default_rng(5), 0, 60
    for d in range(1, 41):
        record(tmp_path, 0.2, d=d, stderr=0.1)
    claim, = read_study(study(tmp_path, statistic={"kind": "level", "by": ["d"]}, predicted=1))
    row, = [one.row for one in verify([claim], tmp_path)]
    half = {round((group.high - group.low) / 2, 12) for group in row.groups}
    assert len(half) == 1
    for _ in range(rows):
        held += np.abs(rng.normal(0.0, 0.02, 40)).max() < min(half)
    assert 0.86 * rows <= held


def test_power_is_what_would_have_been_let_through(tmp_path):
    ladder(tmp_path, 3.0)
    for direction, ends in (("at least", (True, False)), ("at most", (False, True)), ("equal", (True, True))):
        verdict, = verdicts(tmp_path, direction=direction)
        assert tuple(np.isfinite(verdict.power)) == ends
        worst = verdict.worst
        below, above = 2.8 - (worst.high - worst.value), 3.2 + (worst.value - worst.low)
        assert [end for end in verdict.power if np.isfinite(end)] == pytest.approx(
            [end for end, known in zip((below, above), ends, strict=True) if known])


def test_the_tiny_version_decides_nothing(tmp_path, monkeypatch, capsys):
    ladder(tmp_path, 2.0)
    plan = tmp_path / "raw" / "plans" / "made.json"
    whole = synthetic.Plan.parse(plan.read_bytes(), plan)
    plan.write_text(replace(whole, overrides=("smoke=true",)).dumps())
    study(tmp_path)
    monkeypatch.setattr("analysis.verify.STUDIES", tmp_path)
    assert main(["--results", str(tmp_path), "--no-figures"]) == 0
    said = capsys.readouterr()
    assert "| undecided | too small" in said.out and "| refuted |" not in said.out and not said.err
    row, = [one.row for one in verify(read_study(study(tmp_path)), tmp_path)]
    assert judge(read_study(study(tmp_path))[0], row).word == "refuted"


# ---- digits ----------------------------------------------------------------------------------------------------------

def test_numbers_are_rounded_to_what_is_known():
    group = Measured("", 0.123456, 0.1, 0.15)
    assert (rounded(group.value, group), rounded(123.4, Measured("", 123.4, 93.4, 153.4))) == (0.123, 123.0)
    exact = Measured("", 2 / 3, 2 / 3, 2 / 3)
    assert rounded(exact.value, exact) == 0.667
    tie = Measured("", 0.1125, 0.1125, 0.1125)
    assert rounded(0.1125 * (1 + 1e-12), tie) == rounded(0.1125 * (1 - 1e-12), tie)
