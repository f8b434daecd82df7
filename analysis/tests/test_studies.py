"""Views of studies: found by name, and generic ones for everything else, a question of one's own included."""

import numpy as np
import pandas as pd
import pytest

from analysis import looks, studies
from analysis.generic import Generic
from analysis.studies import module_of, names, tables_of, worst_case
from analysis.tests import synthetic
from analysis.tests.synthetic import failed, record, sweep, tidy


def views(records, study="sweep"):
    """(tables, summary, figure) of generic views."""
    tables = tables_of(study, *tidy(list(records)))
    generic = module_of(study)
    return tables, generic.summary(tables), generic.FIGURES[0].draw(tables)


def labels(figure):
    return {line.get_label() for axes in figure.axes for line in axes.lines if not line.get_label().startswith("_")}


@pytest.mark.parametrize("study", names())
def test_a_module_has_what_a_study_needs(study):
    module = module_of(study)
    assert module.__doc__ and len(module.NOTE) > 40 and module.FIGURES
    assert callable(module.tables) and callable(module.summary)


def test_modules_are_found_by_the_studys_name_alone(tmp_path, monkeypatch):
    (tmp_path / "of_my_own.py").write_text("NOTE, FIGURES = 'found', ()\ntables = summary = dict\n")
    monkeypatch.setattr(studies, "__path__", [*studies.__path__, str(tmp_path)])
    assert "of_my_own" in names() and module_of("of_my_own").NOTE == "found"


@pytest.mark.parametrize("study", ["sweep", "rough", "no.such", "../paths", ""])
def test_every_other_name_has_generic_views(study):
    assert module_of(study) == Generic(study)


def test_a_question_of_ones_own_ends_in_its_table_and_picture(synthetic_tables):
    tables, shown, figure = views(sweep())
    assert list(shown["curve"]) == [f"{name}, d = {d}" for name in ("DDIM", "UniPC") for d in (4, 64)]
    assert list(shown)[1:5] == ["T = 16", "T = 32", "T = 64", "T = 128"]
    orders = tables["sweep"].set_index("curve")["order"]
    assert orders["UniPC, d = 4"] == pytest.approx(3, abs=0.05) and "declared 3" in shown["order [95 %]"].iloc[2]
    assert sum(cell.count("±") for row in shown.to_numpy() for cell in row) == 16
    assert {"UniPC, $d$ = 4", "DDIM, $d$ = 64", "measured floors"} <= labels(figure)


def test_curves_are_told_apart_by_what_was_varied_and_by_nothing_that_follows_from_it():
    tables, shown, _ = views(record(T=T, d=d, K=3, value=0.1 / T, study="sweep", particles=10 * d)
                             for d in (4, 16) for T in (16, 32))
    assert list(shown["curve"]) == ["d = 4", "d = 16"] and tables["sweep"]["order"].notna().all()


@pytest.mark.parametrize("names, varied", [
    ([{"d": d} for d in (4, 16, 64)], "d"), ([{"K": K} for K in (2, 3, 4)], "K"),
    ([{"particles": particles} for particles in (100, 1000)], "particles"),
    ([{"config": {"target": {"half_width": width}}} for width in (1.0, 2.0, 10.0)], "half width")])
def test_without_a_ladder_what_was_varied_is_on_the_axis(names, varied):
    tables, shown, figure = views(record(T=64, value=0.01 * (1 + i), study="sweep", **name)
                                  for i, name in enumerate(names))
    assert len(shown) == 1 and shown["order [95 %]"].tolist() == ["-"]
    assert [column.rpartition(" = ")[0] for column in shown][1:-1] == [varied] * len(names)
    (line,) = (line for line in figure.axes[0].lines if line.get_label() == "all")
    assert tables["sweep_points"]["x"].is_monotonic_increasing and figure.axes[0].get_xscale() == "log"
    assert line.get_marker() and varied in figure.axes[0].get_xlabel().replace("$", "")


def test_words_that_were_varied_name_curves():
    _, shown, _ = views(record(T=T, value=0.1 / T, study="sweep", config={"sampler": {"spacing": spacing}})
                        for spacing in ("chebyshev", "equispaced") for T in (16, 32))
    assert list(shown["curve"]) == ["spacing = chebyshev", "spacing = equispaced"]


def test_what_decides_is_shown_and_nothing_else():
    parts = {"wasserstein": {"value": 0.5, "stderr": 0.1, "floor": 0.2, "n": 9},
             "total_variation": {"value": 0.1, "stderr": 0.01, "floor": 1e-9, "n": 9}}
    _, shown, figure = views(record(T=T, study="sweep", estimates=parts, deciding="wasserstein") for T in (16, 32))
    assert list(shown["T = 16"]) == ["~0.5 ± 0.1"] and figure.axes[0].get_ylabel() == "wasserstein"


def test_numbers_that_decide_nothing_are_marked():
    records = [record(T=16, value=0.5, study="sweep", folded=0.01), record(T=32, value=0.1, study="sweep"),
               record(T=64, value=0.03, study="sweep", floor=0.02), failed(T=128, study="sweep")]
    tables, shown, figure = views(records)
    assert shown.iloc[0, 1:5].tolist() == ["0.5 ± 0.01 †", "0.1 ± 0.002", "~0.03 ± 0.0006", "failed"]
    assert tables["sweep_points"].set_index("T").loc[[64, 128], "left_out"].tolist() == ["below 10x floor", "failed"]
    assert "folded, diverged or heavy tail" in labels(figure)


@pytest.mark.parametrize("study", ["floors", "published", "leaderboard", "diffusers", "budget", "accuracy",
                                   "dimension"])
@pytest.mark.parametrize("folded", [0.0, 1e-5])
def test_no_study_prints_a_number_of_folded_paths_without_a_mark(study, folded):
    records = {"floors": synthetic.floors_study, "published": synthetic.published_study,
               "leaderboard": synthetic.leaderboard_study, "diffusers": synthetic.shipped_study,
               "budget": synthetic.budget_study, "accuracy": synthetic.accuracy_study,
               "dimension": lambda: synthetic.dimension_study(families=("sphere",))}[study]()
    first = {"leaderboard": 16, "diffusers": 256}.get(study, 64)
    records = [one | {"folded": folded * (one["T"] >= first)} for one in records]
    module, tables = module_of(study), tables_of(study, *tidy(records))
    table = module.page(tables).partition("\n|")[2] if study == "leaderboard" else module.summary(tables).to_string()
    assert ("†" in table) == (folded > 0)


def test_draws_that_no_name_tells_apart_stand_side_by_side():
    """The seed of a perturbation that follows the seed of the run: another setting, of which no table has a word."""
    _, shown, _ = views(record(T=32, value=0.1 + 0.1 * seed, seed=seed, study="sweep",
                               config={"perturbation": {"seed": seed}}) for seed in (0, 1))
    assert shown.iloc[0].tolist() == ["all", "0.1 ± 0.002 / 0.2 ± 0.004", "-"]


def test_a_search_ends_in_its_steps():
    answers = [record(T=T, value=0.9 * epsilon, epsilon=epsilon, kind="answer", study="sweep", sampler=sampler)
               for sampler in ("ddim", "unipc") for epsilon, T in ((1e-2, 90), (1e-3, 200))]
    tables, shown, _ = views([*sweep(dims=(16,)), *answers])
    assert shown["ε 1e-2"].tolist() == ["90", "90"] and shown["ε 1e-3"].tolist() == ["200", "200"]
    assert len(tables["sweep_answers"]) == 4


def test_a_sampler_looks_as_it_does_everywhere_and_no_two_curves_alike():
    _, _, figure = views(sweep(samplers=(("ddim", 1), ("unipc", 3), ("of_my_own", 2))))
    drawn = {line.get_label(): (line.get_color(), line.get_marker(), line.get_linestyle())
             for line in figure.axes[0].lines if not line.get_label().startswith("_")}
    drawn.pop("measured floors")
    assert len(set(drawn.values())) == 6
    for label in ("ddim", "unipc", "of_my_own"):
        assert drawn[f"{looks.name(label)}, $d$ = 4"][:2] == (looks.look(label)["color"], looks.look(label)["marker"])
        assert drawn[f"{looks.name(label)}, $d$ = 64"][0] == looks.look(label)["color"]


def test_crowded_panels_are_split():
    _, _, figure = views(sweep(samplers=tuple((name, 1) for name in ("ddim", "euler", "deis")), dims=(2, 4, 8, 16)))
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["DDIM", "DEIS", "PF-ODE Euler"]


def test_without_runs_there_are_empty_tables_and_no_picture():
    tables, shown, figure = views([])
    assert tables["sweep"].empty and shown.empty and figure is None


def test_a_single_run_is_a_table_of_one():
    _, shown, figure = views([record(T=64, value=0.01, study="sweep")])
    assert shown.iloc[0].tolist() == ["all", "0.01 ± 0.0002", "-"] and np.isfinite(figure.get_figheight())


def test_the_budget_adds_up(synthetic_tables):
    tables = synthetic_tables["budget"]
    table = tables["budget"]
    parts = table[["initialisation", "jacobian", "score", "refinement", "discretisation"]]
    assert parts.sum(axis=1).to_numpy() == pytest.approx(table["budget"].to_numpy())
    shown = module_of("budget").summary(tables)
    assert shown.iloc[0]["sum"] == "0.015 ± 0.0005" and shown.iloc[0]["Jacobian"] == "0.01"
    (figure,) = (picture.draw(tables) for picture in module_of("budget").FIGURES)
    (bars, *_) = figure.axes[0].containers
    assert [bar.get_height() for bar in bars] == pytest.approx([0.001] * 3)


def test_a_legend_of_too_many_curves_names_what_colours_them():
    _, _, figure = views(sweep(samplers=[(f"sampler_{i}", 1) for i in range(5)], dims=(2, 4, 8, 16, 32, 64)))
    assert len(figure.axes) == 5  # a panel each: 6 labels
    _, _, figure = views(record(T=T, d=d, K=K, value=0.1 / T, study="sweep", target=target)
                         for d in range(2, 12) for K in (2, 3, 4) for T in (16, 32)
                         for target in [f"target_{i}" for i in range(2)])
    assert {"K=2", "K=3", "K=4", "measured floors"} == {text.get_text() for text in figure.legends[0].get_texts()}


def test_the_winners_of_a_search_stand_beside_every_trial_and_the_bound(synthetic_tables):
    winners = pd.DataFrame({
        "K": [2, 2, 3], "instance": ["sphere scale=3", "hypercube scale=0.1 power=0.5", "sphere scale=7"],
        "exponent": [0.3, np.nan, 0.1], "low": [0.2, np.nan, 0.05], "high": [0.4, np.nan, 0.15],
        "predicted": [2.0, 2.0, 5 / 3], "verdict": "sharper than claimed",
        "why": ["", "2 of 3 points needed (noisy)", ""]})
    trials = pd.DataFrame({"K": [2, 2, 3], "trial": [0, 1, 0], "target": ["sphere", "hypercube", "sphere"],
                           "trial_exponent": [0.3, 0.1, 0.2]})
    tables = {"worst_case": winners, "worst_case_trials": trials,
              "environments": synthetic_tables["floors"]["environments"]}
    shown = worst_case.summary(tables)
    assert shown["exponent of d [95 %]"].tolist() == ["0.30 [0.20, 0.40]", "-", "0.10 [0.05, 0.15]"]
    assert shown["why"].tolist() == ["", "2 of 3 points needed", ""] and shown["1 + 2/K"].iloc[2] == "1.67"
    figure = worst_case.draw(tables)
    figure.draw_without_rendering()
    bounds = [line.get_ydata()[0] for axes in figure.axes for line in axes.lines if line.get_linestyle() == "--"]
    assert bounds == pytest.approx([2.0, 5 / 3])
    assert figure.axes[0].lines[0].get_color() == looks.look("hypercube")["color"]
    assert worst_case.draw({**tables, "worst_case_trials": trials[:0]}) is None
