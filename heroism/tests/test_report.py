"""The front: one line measures, the report says what was measured, and nothing is imported that is not used."""

import csv
import doctest
import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import heroism as hs
from heroism.errors import InputError
from heroism.report import Report
from heroism.tests import own_functions as own

ROOT = Path(__file__).resolve().parents[2]
TARGET = hs.GaussianMixture([[-1.0, 0.0], [1.0, 0.5]], 0.2)
REPORT = hs.measure(own.heun, TARGET, steps=[16, 8, 32], particles=100)
BOTH = hs.compare({"mine_": own.heun, "theirs": hs.Ddim()}, TARGET, steps=[8, 16], particles=50)


def python(*arguments, cwd=ROOT):
    """A fresh interpreter that imports this checkout."""
    done = subprocess.run([sys.executable, *arguments], cwd=cwd, capture_output=True, text=True, check=False,
                          env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_is_what_the_long_way_gives():
    schedule = hs.rho_schedule(17, 1e-4, 0.9999)
    ensemble = hs.transport.transport(hs.RungeKutta("heun", "sigma"), hs.ExactScore(TARGET), schedule, 100,
                                      np.random.SeedSequence(0).spawn(2)[0])
    rung = REPORT.rungs[1]
    assert (rung.steps, rung.evaluations, rung.rounds, rung.h) == (16, 32, 32, 1 / 16)
    assert rung.tv.value == pytest.approx(hs.total_variation(ensemble, TARGET).value, rel=1e-9)
    assert rung.kl.value == pytest.approx(hs.kl(ensemble, TARGET).value, rel=1e-9)


def test_fewest_steps_first_and_an_order_with_its_interval():
    assert [rung.steps for rung in REPORT.rungs] == [8, 16, 32]
    low, high = REPORT.order.interval()
    assert low < 2.0 < high and f"order {REPORT.order.slope:.2f} [{low:.2f}, {high:.2f}]" in repr(REPORT)


def test_it_prints_a_table():
    lines = repr(REPORT).splitlines()
    assert lines[0] == "heun on GaussianMixture(means=[[-1.0, 0.0], [1.0, 0.5]], covariances=0.2)"
    assert lines[2].split() == ["steps", "evals", "TV", "+-", "floor", "KL", "+-"]
    assert len({len(line) for line in lines[2:6]}) == 1
    assert "mine_" in repr(BOTH) and "theirs: order unknown" not in repr(BOTH)


def test_numbers_behind_which_paths_fold_are_marked_and_decide_nothing():
    target = hs.GaussianMixture([[-2.0, 0.0], [1.0, 1.0]], 0.01)
    report = hs.measure(hs.Heroism(2, 2), target, [8, 16, 64, 128], particles=50)
    marked = [rung.steps for rung in report.rungs if rung.folded or rung.diverged]
    assert marked and [int(line.split()[0]) for line in repr(report).splitlines() if line.count("†") == 2] == marked
    assert {x for x, _ in report.order.points}.isdisjoint(rung.h for rung in report.rungs if rung.steps in marked)
    assert r"$\dagger$" in report.to_latex() and "note: †: up to" in repr(report)


def test_csv_and_json_and_latex(tmp_path):
    for made, count in ((REPORT, 3), (BOTH, 4)):
        with made.save(tmp_path / "table.csv").open() as file:
            rows = list(csv.DictReader(file))
        assert [float(row["tv"]) for row in rows] == [row["tv"] for row in made.rows()] and len(rows) == count
        content = json.loads(made.save(str(tmp_path / "table.json")).read_text())
        first = content if made is REPORT else content[0]
        assert first["rungs"][0] == made.rows()[0] and first["order"]["points"] in (2, 3)
        latex = made.save(tmp_path / "table.tex").read_text()
        assert latex.count(r"\\") == 1 + count and latex.count("{") == latex.count("}")
    assert r"mine\_" in latex
    with pytest.raises(InputError, match=r"ends in .csv"):
        REPORT.save(tmp_path / "table.xlsx")


def test_what_is_not_finite_is_null_in_json(tmp_path):
    report = hs.measure(hs.Ddim(), TARGET, steps=8, particles=1)
    content = json.loads(report.save(tmp_path / "one.json").read_text())
    assert content["rungs"][0]["tv_stderr"] is None and content["order"]["value"] is None


def test_pandas():
    frame = BOTH.to_pandas()
    assert len(frame) == 4 and set(frame["sampler"]) == {"mine_", "theirs"} and frame["tv"].dtype == float


@pytest.mark.parametrize("made, curves", [(REPORT, 1), (BOTH, 2)])
@pytest.mark.parametrize("against", ["steps", "evaluations"])
def test_the_picture(tmp_path, made, curves, against):
    figure = made.plot(against=against)
    figure.savefig(tmp_path / "picture.png")
    axes, = figure.axes
    assert len(axes.containers) == curves and axes.get_xscale() == axes.get_yscale() == "log"
    assert made.plot(axes) is figure and len(axes.containers) == 2 * curves
    with pytest.raises(InputError, match="against"):
        made.plot(against="time")


def test_a_picture_chooses_no_backend(tmp_path):
    script = ("import heroism as hs, sys; r = hs.measure(hs.Ddim(), hs.Sphere(3, 1.0), steps=[8, 16], particles=20); "
              f"r.plot().savefig({str(tmp_path / 'p.png')!r}); assert 'matplotlib.pyplot' not in sys.modules")
    python("-c", script)
    assert (tmp_path / "p.png").stat().st_size > 1000


def test_the_same_starts_for_every_sampler():
    alone = hs.measure(hs.Ddim(), TARGET, steps=[8, 16], particles=50)
    assert [rung.tv for rung in BOTH.reports[1].rungs] == [rung.tv for rung in alone.rungs]


def test_samplers_of_the_same_name_are_numbered():
    both = hs.compare([hs.Ddim(), hs.Ddim(), own.euler], TARGET, steps=8, particles=20)
    assert [report.name for report in both.reports] == ["Ddim()", "Ddim() (2)", "euler"]


@pytest.mark.parametrize("schedule", ["rho", "log_snr", "uniform_time", hs.paper_schedule,
                                      hs.rho_schedule(21, 1e-3, 0.9)])
def test_schedules(schedule):
    report = hs.measure(hs.Ddim(), TARGET, steps=[20], schedule=schedule, start="gaussian", particles=20)
    assert [rung.evaluations for rung in report.rungs] == [20] and report.start == "gaussian"


def test_of_a_product_of_many_copies():
    report = hs.measure(own.heun, hs.ProductMixture([-1.0, 1.5], [0.4, 0.2], [0.3, 0.7], 10**4), steps=[64, 128])
    assert all(rung.kl.stderr == 0.0 and 0.0 < rung.tv.value < 1.0 for rung in report.rungs)


def test_a_score_with_errors():
    score = hs.PerturbedScore(TARGET, 0.1, 2.0, seed=1)
    wrong = hs.measure(own.euler, TARGET, steps=[8, 64], score=score, particles=50)
    assert wrong.rungs[1].tv.value > 2.0 * hs.measure(own.euler, TARGET, steps=[64], particles=50).rungs[0].tv.value


def test_single_precision_is_said():
    assert "not in double precision" in repr(hs.measure(own.single, TARGET, steps=8, particles=20))
    assert "double precision" not in repr(REPORT)


def test_a_mean_that_a_few_paths_carry_is_said():
    """The p/q of a divergence has heavy tails where the steps are few."""
    heavy = [rung.steps for rung in REPORT.rungs if rung.kl.heavy]
    assert heavy and [f"KL at {steps} steps" in repr(REPORT) for steps in heavy] == [True] * len(heavy)


@pytest.mark.parametrize("target", [hs.GaussianMixture([[0.0, 0.0]], [[0.5, 2.0]]), hs.Sphere(5, 1.0)], ids=repr)
def test_stochastic_samplers_of_ours_by_their_exact_law(target):
    report = hs.measure(hs.Ddpm(), target, steps=[64, 128], schedule="log_snr", particles=50)
    assert all(rung.tv.stderr == 0.0 or rung.tv.stderr < rung.tv.value for rung in report.rungs)
    assert report.rungs[1].tv.value < report.rungs[0].tv.value and report.rungs[0].evaluations == 64


@pytest.mark.parametrize("wrong", [
    {"target": "sphere"}, {"steps": []}, {"steps": [8, 0]}, {"steps": 2.5}, {"schedule": "carras"}, {"schedule": 3},
    {"schedule": lambda T: T}, {"particles": 0}, {"seed": -1}, {"start": "random"}, {"sampler": hs.Ddpm()},
    {"sampler": 3},     {"sampler": own.clipped, "target": hs.GaussianMixture([[-3.0], [2.0]], 0.2)},
    {"kind": "walk"}, {"score": hs.ExactScore(hs.Sphere(3, 1.0))}], ids=lambda wrong: "-".join(wrong))
def test_mistakes_are_one_sentence(wrong):
    given = {"sampler": own.euler, "target": TARGET, "steps": [8], "particles": 20} | wrong
    with pytest.raises(InputError) as error:
        hs.measure(**given)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("samplers", [[], {}, hs.Ddim(), "ddim", 3], ids=str)
def test_nothing_to_compare(samplers):
    with pytest.raises(InputError):
        hs.compare(samplers, TARGET)


# ---- what a newcomer finds -------------------------------------------------------------------------------------------

MODULES = ("heroism", "heroism.testing", "heroism.report.measuring", "heroism.samplers.external.recognise")


@pytest.mark.parametrize("name", MODULES)
def test_docstrings_run(name):
    failed, tried = doctest.testmod(import_module(name), optionflags=doctest.ELLIPSIS)
    assert tried and not failed


def test_every_name_is_there():
    assert {"measure", "compare", "testing", "GaussianMixture", "rho_schedule", "Heroism"} <= set(dir(hs))
    for name in hs.__all__:
        assert getattr(hs, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'mesure'"):
        hs.mesure  # noqa: B018


@pytest.mark.parametrize("folder", ["targets", "samplers", "samplers.stochastic", "scores"])
def test_what_a_folder_exports_is_offered(folder):
    for_authors = {"Decided", "Piloted", "Memoryless", "Recursion"}  # of new samplers
    assert {*import_module(f"heroism.{folder}").__all__} - for_authors <= {*hs.__all__}


def test_no_name_hides_a_module():
    """``heroism.transport`` must be the same thing whoever imported it first."""
    modules = {path.stem for path in (ROOT / "heroism").iterdir()}
    assert not {name for name in hs.__all__ if name in modules and not hasattr(getattr(hs, name), "__path__")
                and not hasattr(getattr(hs, name), "__spec__")}


HEAVY = ("numpy", "scipy", "torch", "matplotlib", "pandas", "sklearn", "hydra")


def test_importing_it_imports_nothing():
    """Much less than half a second then, on any machine."""
    found = python("-c", f"import heroism, sys; print([name for name in {HEAVY} if name in sys.modules])")
    assert found.strip() == "[]"


def test_measuring_imports_no_torch_no_matplotlib_and_no_pandas():
    script = ("import heroism as hs, sys; from heroism.tests.own_functions import heun; "
              "print(hs.measure(heun, hs.Sphere(3, 1.0), steps=8, particles=20)); hs.testing.assert_order(heun, 2); "
              "print([name for name in ('torch', 'diffusers', 'jax', 'matplotlib', 'pandas') if name in sys.modules])")
    assert python("-c", script).splitlines()[-1] == "[]"


def test_the_example_runs(tmp_path):
    out = python(str(ROOT / "examples" / "your_own_sampler.py"), cwd=tmp_path)
    assert "order 2" in out and "UniPC" in out
    assert {path.name for path in tmp_path.iterdir()} == {"your_own_sampler.csv", "your_own_sampler.png"}


@pytest.mark.parametrize("thing, said", [
    (TARGET, "GaussianMixture(means=[[-1.0, 0.0], [1.0, 0.5]], covariances=0.2)"),
    (hs.Empirical(np.zeros((50, 3))), "Empirical(points=array(50, 3))"), (hs.Heroism(3), "Heroism(points=3)"),
    (hs.ExponentialAdams(2, startup="growing"), "ExponentialAdams(order=2, startup='growing')"),
    (hs.Embedded(hs.Sphere(3, 1.0), 5), "Embedded(target=Sphere(dim=3, radius=1.0), ambient_dim=5)"),
    (hs.rho_schedule(9, 1e-4, 0.9999),
     "NoiseSchedule(rho(0.0001, 0.9999, rho=7), T=9, sigma 99.99 to 0.01, step 0.125)"),
    (hs.ExactScore(hs.Sphere(3, 1.0)), "ExactScore(target=Sphere(dim=3, radius=1.0))"),
    (hs.Ddim(), "Ddim()")], ids=lambda value: type(value).__name__)
def test_objects_say_how_they_were_made(thing, said):
    assert repr(thing) == said


def test_an_estimate_says_what_it_knows():
    assert str(hs.Estimate(0.01234, 0.0005, 1e-15, 100)) == "0.01234 +- 0.0005 (floor 1e-15, n = 100)"


def test_a_wrong_argument_is_still_a_type_error():
    with pytest.raises(TypeError, match="unexpected keyword"):
        hs.Heroism(nodes=3)
    with pytest.raises(TypeError):
        hs.Ddim(3)


def test_a_report_is_what_comes_out():
    assert isinstance(REPORT, Report) and REPORT.seed == 0 and REPORT.particles == 100
