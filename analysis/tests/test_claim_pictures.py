"""Pictures of claims: a page, floors point by point, looks of targets and samplers, marks of what decides nothing."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.text import Text

from analysis import looks, style
from analysis.claims.claim import Claim, Statistic
from analysis.claims.measured import Curve, Measured, Row
from analysis.claims.notation import words, x_label, y_label
from analysis.claims.picture import caption, draw
from analysis.claims.table import Judged
from analysis.claims.verdicts import Verdict
from heroism.rates import fit_rate

X = np.array([0.01, 0.02, 0.04, 0.08, 0.16])
WORDS = "What is claimed of all samplers, in so many words that they do not fit on a single line of the page. " * 2


def group(label="sphere", floor=0.0, spoiled=(), count=1):
    """A cubic law, with a floor for every point, and points that decide nothing."""
    y = X**3
    why = ["folded" if i in spoiled else None for i in range(len(X))]
    fit = fit_rate(X, y, 0.02 * y, floor, unusable=why)
    curve = Curve(X, y, 0.02 * y, fit, np.broadcast_to(floor, X.shape))
    return Measured(label, 3.0, 2.9, 3.1, len(fit.points), None, (curve,) * count)


def judged(*rows):
    """One claim with these rows of groups."""
    claim = Claim("a_claim", "a_study", WORDS, "2506.24042", "17", Statistic("slope", x="h"), "K", "at least", "0.1",
                  "less", "confirmed")
    return [Judged(claim, Row({"K": number}, tuple(groups), 9, 0, 1e6),
                   Verdict("confirmed", "all decided", 3.0, 0.1, groups[0] if groups else None))
            for number, groups in enumerate(rows, 2)]


def test_the_floor_of_every_point_is_drawn_and_no_point_of_the_fit_lies_below_it():
    floors = X**3 / 20.0  # they fall as the error does: the largest is far above the smallest errors
    axes = draw(judged([group(floor=floors)])).axes[0]
    (line,) = (line for line in axes.lines if line.get_linestyle() == ":")
    assert line.get_xdata() == pytest.approx(X)
    drawn = line.get_ydata()
    assert drawn[~np.isnan(drawn)] == pytest.approx(floors[~np.isnan(drawn)]) and np.isfinite(drawn[-1])
    assert (drawn < X**3)[~np.isnan(drawn)].all()


def test_a_floor_far_below_everything_is_left_out():
    axes = draw(judged([group(floor=1e-15)])).axes[0]
    assert all(np.isnan(line.get_ydata()).all() for line in axes.lines if line.get_linestyle() == ":")


def test_numbers_that_decide_nothing_are_hollow_and_crossed_out():
    axes = draw(judged([group(spoiled=(0, 3))])).axes[0]
    (crosses,) = (line for line in axes.lines if line.get_marker() == "x")
    assert crosses.get_xdata() == pytest.approx(X[[0, 3]])
    hollow = [line for line in axes.lines if line.get_markerfacecolor() == "white" and len(line.get_xdata()) == 2]
    assert hollow and all(line.get_xdata() == pytest.approx(X[[0, 3]]) for line in hollow)


@pytest.mark.parametrize("width", [style.WIDTH, style.COLUMN])
@pytest.mark.parametrize("rows, groups", [(1, 1), (6, 3), (4, 20), (1, 108), (5, 5)])
def test_many_rows_and_groups_stay_within_a_page_and_can_be_read(rows, groups, width):
    names = [f"{name} d={d}" for d in range(1 + groups // 3) for name in ("sphere", "ddim", "of_my_own")][:groups]
    with style.page(width):
        figure = draw(judged(*([group(name) for name in names] for _ in range(rows))))
    figure.draw_without_rendering()
    assert figure.get_figwidth() == width and figure.get_figheight() < 11.0 and len(figure.axes) == 2 * rows
    assert min(text.get_fontsize() for text in figure.findobj(Text) if text.get_text()) >= style.SMALL
    for axes in figure.axes:
        labels = [label.get_window_extent() for label in axes.get_yticklabels() if label.get_text()]
        pairs = pairwise(labels)
        assert axes.get_yscale() == "log" or not any(one.overlaps(other) for one, other in pairs)


def test_a_target_or_sampler_looks_as_it_does_everywhere():
    figure = draw(judged([group("sphere d=4"), group("sphere d=64"), group("dpm_solver_pp d=4"), group("K=3")]))
    forest = figure.axes[1]
    first = {line.get_ydata()[0]: line for line in forest.lines if len(line.get_xdata()) == 1}
    for place, label in ((0, "sphere"), (1, "sphere"), (2, "dpm_solver_pp")):
        assert first[place].get_color() == looks.look(label)["color"]
    assert first[0].get_marker() == looks.look("sphere")["marker"] != first[1].get_marker()
    assert [label.get_text() for label in forest.get_yticklabels()] == ["sphere d = 4", "d = 64", "DPM-Solver++ d = 4",
                                                                        "K = 3"]


def test_long_names_are_wrapped():
    name = "product_mixture c0=1.01 c1=4.47 separation=0.644 power=0.0271 first=2.69 second=0.00611 share=0.35"
    figure = draw(judged([group(name), group("sphere c0=1")]))
    figure.draw_without_rendering()
    assert figure.axes[1].get_position().width > 0.25 and figure.axes[0].get_position().width > 0.25


def test_groups_without_a_number_say_why_and_rows_without_groups_stay_empty():
    reason = Measured("sphere", np.nan, np.nan, np.nan, 0, "2 of 3 points needed (folded)")
    figure = draw(judged([reason, group()], []))
    assert any(text.get_text() == "2 of 3 points needed" for text in figure.axes[1].texts)
    assert not figure.axes[2].axison and not figure.axes[3].axison


def test_words_of_a_claim_stand_in_its_caption():
    rows = judged([group()], [])
    said = caption(rows)
    assert said.startswith(" ".join(WORDS.split())) and "2506.24042, eq. 17" in said
    assert "K = 2: confirmed, 3 [2.9, 3.1] sphere, predicted at least 3" in said and "K = 3" not in said


@pytest.mark.parametrize("text, expected", [
    ("d=64 T=1e-4 sampler_eta=0.25", "d = 64 T = 10⁻⁴ η = 0.25"),
    ("product_mixture d=1000000", "product mixture d = 10⁶"),
    ("target_k=3", "k = 3"), ("sampler_size=0.5 [0.25]", "size = 0.5 [0.25]")])
def test_labels_have_the_symbols_of_the_field(text, expected):
    assert words(text) == expected


@pytest.mark.parametrize("statistic, x, y", [
    (Statistic("slope", x="h"), r"$h = \log T / T$", "TV"),
    (Statistic("crossing_slope", x="1/epsilon"), r"$1/\varepsilon$", r"$T/\log T$ at TV $= \varepsilon$"),
    (Statistic("slope", x="score_error", measure="kl", scaled_by="1 / score_error"), r"$\varepsilon_\mathrm{score}$",
     r"$\mathrm{KL}$ / $\varepsilon_\mathrm{score}$"),
    (Statistic("level", measure="own_measure"), "", "own measure")])
def test_axes_have_the_symbols_of_the_field(statistic, x, y):
    assert (x_label(statistic), y_label(statistic)) == (x, y)
