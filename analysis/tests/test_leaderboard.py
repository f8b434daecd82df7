"""The leaderboard against samplers of known order and cost."""

import numpy as np
import pytest

from analysis import looks
from analysis.studies import leaderboard
from analysis.studies.leaderboard import envelope, frontier
from analysis.tests.synthetic import failed, leaderboard_study, record, tidy


def board(records):
    return leaderboard.tables(tidy(records)[0])


def cell(table, **names):
    rows = table
    for name, value in names.items():
        rows = rows[rows[name] == value]
    assert len(rows) == 1
    return rows.iloc[0]


@pytest.mark.parametrize("method, order, per_step", [("HEROISM frugal", 6, 1), ("HEROISM parallel", 8, 10),
                                                     ("DPM-Solver++, order=3", 3, 1)])
def test_costs_and_orders_are_those_of_the_law(method, order, per_step):
    table = board(leaderboard_study())["leaderboard"]
    row = cell(table, target="sphere", method=method, epsilon=1e-4)
    steps = (30.0 / 1e-4) ** (1.0 / order)
    assert row["evaluations"] == pytest.approx(per_step * steps, rel=0.05)
    assert row["rounds"] == pytest.approx(steps, rel=0.05)
    assert row["order"] == pytest.approx(order, rel=0.02) and row["declared_order"] == order


def test_what_is_not_reached_says_so():
    row = cell(board(leaderboard_study())["leaderboard"], target="sphere", method="DDIM", epsilon=1e-4)
    assert np.isnan(row["evaluations"]) and row["reason"] == "not reached by 511"


def test_the_frontier_compares_heroism_with_the_best_of_the_others():
    frontier = board(leaderboard_study())["leaderboard_frontier"]
    frontier = frontier[frontier["levels"] == "any"]
    evaluations = cell(frontier, target="sphere", epsilon=1e-6, cost="evaluations")
    assert evaluations["heroism_method"] == "HEROISM frugal" and evaluations["other_method"] == "DPM-Solver++, order=3"
    assert evaluations["ratio"] == pytest.approx(30e6 ** (1 / 6) / 30e6 ** (1 / 3), rel=0.05)
    assert cell(frontier, target="sphere", epsilon=1e-6, cost="rounds")["heroism_method"] == "HEROISM parallel"


def test_method_and_levels_are_told_apart():
    """A rival gains a factor of two from better levels: on the same ones it is as far behind as before."""
    rivals = [record("sphere", 16, None, T, 30.0 * (2.0 * (T - 1.0)) ** -3.0, study="leaderboard", sampler="deis",
                     N=None, schedule="focused", evaluations=T - 1, rounds=T - 1) for T in (8, 32, 128, 512)]
    frontier = board([*leaderboard_study(), *rivals])["leaderboard_frontier"]
    at = [cell(frontier, target="sphere", epsilon=1e-4, cost="evaluations", levels=levels) for levels in
          ("frugal's", "even in log-SNR", "any")]
    assert [row["other_method"] for row in at] == ["DEIS, focused", "DPM-Solver++, order=3", "DEIS, focused"]
    assert at[0]["heroism_method"] == "HEROISM frugal" and np.isnan(at[1]["heroism"])
    assert at[0]["ratio"] == at[2]["ratio"] == pytest.approx(30e4 ** (1 / 6) / (0.5 * 30e4 ** (1 / 3)), rel=0.05)


def test_a_lucky_run_in_front_of_a_worse_one_does_not_count():
    assert list(envelope(np.array([0.5, 1e-7, 1e-2, 1e-3]))) == [0.5, 1e-2, 1e-2, 1e-3]
    records = [record("sphere", 4, None, T, value, study="leaderboard", sampler="ddim", N=None, evaluations=T - 1,
                      rounds=T - 1) for T, value in ((9, 0.5), (17, 1e-7), (33, 2e-3), (65, 1e-9))]
    row = cell(board(records)["leaderboard"], epsilon=1e-4)
    assert 32 < row["evaluations"] < 64


def test_folded_mass_counts_as_error():
    fine = [record("sphere", 4, None, T, value, study="leaderboard", sampler="ddim", N=None, folded=folded)
            for T, value, folded in ((9, 0.5, 0.0), (17, 1e-3, 0.0), (33, 1e-5, 0.01), (65, 1e-6, 0.0))]
    errors = board(fine)["leaderboard_points"].sort_values("T")["error"]
    assert list(errors) == pytest.approx([0.5, 1e-3, 0.10001, 1e-6])


def test_a_samplers_frontier_takes_the_best_of_its_settings_without_lucky_runs():
    records = [record("sphere", 4, None, T, value, study="leaderboard", sampler="unipc", N=None, evaluations=T - 1,
                      rounds=T - 1, config={"sampler": {"points": points}})
               for points, curve in ((2, ((9, 1e-1), (17, 1e-3), (65, 1e-4))), (7, ((9, 1e-9), (17, 0.5), (65, 1e-8))))
               for T, value in curve]
    points = board(records)["leaderboard_points"]
    kept = frontier(points, "evaluations")
    assert list(zip(kept["evaluations"], kept["error"], strict=True)) == [(8, 1e-1), (16, 1e-3), (64, 1e-8)]


def test_failed_runs_are_left_out():
    records = [*leaderboard_study(), failed(target="sphere", d=16, K=None, T=1024, study="leaderboard", sampler="ddim",
                                            schedule="log_snr", N=None)]
    assert cell(board(records)["leaderboard"], target="sphere", method="DDIM", epsilon=1e-2)["declared_order"] == 1


def test_a_new_sampler_is_in_the_picture_without_any_list(synthetic_tables):
    own = [record("sphere", 16, None, T, 30.0 * T**-5.0, study="leaderboard", sampler="of_my_own", N=None, order=5,
                  evaluations=T - 1, rounds=T - 1, schedule="log_snr") for T in (8, 16, 32, 64)]
    tables = board([*leaderboard_study(), *own]) | {"environments": synthetic_tables["leaderboard"]["environments"]}
    figure = leaderboard.draw(tables, "evaluations")
    (line,) = (line for line in figure.axes[1].lines if line.get_label() == "of my own")
    assert line.get_marker() == looks.look("of_my_own")["marker"] and len(line.get_xdata()) == 4
    assert "of my own" in [text.get_text() for text in figure.legends[0].get_texts()]


def test_floors_are_drawn_where_an_error_is_near_one(synthetic_tables):
    records = [record("sphere", 4, None, T, value, study="leaderboard", sampler="ddim", N=None, evaluations=T - 1,
                      rounds=T - 1, floor=1e-9) for T, value in ((9, 1e-2), (17, 1e-5), (33, 5e-9))]
    tables = board(records) | {"environments": synthetic_tables["leaderboard"]["environments"]}
    (line,) = (line for line in leaderboard.draw(tables, "rounds").axes[0].lines
               if line.get_linestyle() == ":" and len(line.get_xdata()) == 3)
    assert np.isnan(line.get_ydata()).tolist() == [True, True, False]


def test_the_page_marks_the_fewest_evaluations(synthetic_tables):
    page = leaderboard.page(synthetic_tables["leaderboard"])
    assert "## sphere, d = 16" in page and "## low-rank mixture, d = 4" in page
    line = next(line for line in page.splitlines() if line.startswith("| HEROISM frugal |"))
    assert line.count("**") >= 2 and "[" in line
    assert any(line.startswith("| DDIM |") and " - |" in line for line in page.splitlines())
