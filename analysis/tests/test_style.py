"""What all pictures share: rounding that never promises too much, marks of what decides nothing, pages they fit on."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from analysis import style


@pytest.mark.parametrize("value, low, high, text", [
    (0.2134, 0.19, 0.236, "0.21 ± 0.03"), (4.0, 3.9999, 4.0001, "4.00 ± 0.01"), (1.0, 0.5, 1.5, "1.0 ± 0.5"),
    (1.0, -np.inf, np.inf, "1.00")])
def test_intervals_are_never_rounded_down(value, low, high, text):
    assert style.measured(value, low, high) == text


@pytest.mark.parametrize("value, text", [(1e-2, "10^{-2}"), (1e-8, "10^{-8}"), (3e-4, r"3\cdot 10^{-4}"),
                                         (0.1, "10^{-1}")])
def test_powers_of_ten(value, text):
    assert style.power_of_ten(value) == text


def test_points_that_decide_nothing_are_crossed_out():
    points = pd.DataFrame({"folded": [0.0, 1e-3, np.nan, 0.0], "diverged": [0.0, 0.0, np.nan, 0.5],
                           "unusable": ["", "folded", "heavy tail", "diverged"]})
    axes = Figure().subplots()
    style.spoiled(axes, [1, 2, 3, 4], [5, 6, 7, 8], points)
    (line,) = axes.lines
    assert line.get_xydata().tolist() == [[2, 6], [3, 7], [4, 8]] and line.get_marker() == "x"
    style.spoiled(axes, [1], [5], points[:1])
    assert len(axes.lines) == 1


def test_a_legend_makes_room_for_itself():
    figure, shown = style.wrapped_panels(1, 3, 2.0)
    for i in range(30):
        shown[0].plot([1, 2], [1, 2], label=f"a curve with a name of its own, {i}")
    style.footer(figure, pd.DataFrame({"environment": []}), *shown)
    figure.draw_without_rendering()
    assert figure.get_figheight() > 2.0 + 10 * style.LEGEND_ROW
    assert shown[0].get_position().height * figure.get_figheight() > 1.5


def test_panels_are_wrapped():
    groups = [(str(i), pd.DataFrame({"T": [i, i + 1]})) for i in range(1, 6)]
    figure = style.panelled(groups, lambda axes, rows: axes.plot(rows["T"], rows["T"]), 3, 1.5, "x", "y",
                            pd.DataFrame({"environment": []}))
    shown = figure.axes
    assert [axes.get_title(loc="left") for axes in shown] == list("12345")
    assert figure.get_figwidth() == style.WIDTH and 3.0 < figure.get_figheight() < 3.5
    assert [axes.get_ylabel() for axes in shown] == ["y", "", "", "y", ""]
    assert [axes.get_xlabel() for axes in shown] == ["", "", "x", "x", "x"]


def test_panels_are_wrapped_where_a_page_is_narrower():
    groups = [(str(i), pd.DataFrame({"T": [i, i + 1]})) for i in range(1, 6)]
    with style.page(style.COLUMN):
        figure = style.panelled(groups, lambda axes, rows: axes.plot(rows["T"], rows["T"]), 3, 1.5, "x", "y",
                                pd.DataFrame({"environment": []}))
    assert figure.get_figwidth() == style.COLUMN and figure.get_figheight() > 4.5
    assert [axes.get_ylabel() for axes in figure.axes] == ["y", "", "y", "", "y"]
    assert [axes.get_xlabel() for axes in figure.axes] == ["", "", "", "x", "x"]
    assert style.fitting() == style.WIDTH


def test_names_at_the_ends_of_curves_do_not_overlap():
    figure, ((axes,),) = style.panels(1, 1, 2.0)
    axes.set(yscale="log", ylim=(1e-3, 1.0))
    style.end_labels(axes, [(0.1, "one", "k"), (0.1, "two", "k"), (0.09, "three", "k"), (1e-3, "four", "k")], 1.5)
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in axes.texts]
    assert [text.get_text() for text in axes.texts][:2] == ["four", "three"]
    assert all(not one.overlaps(other) for i, one in enumerate(boxes) for other in boxes[:i])
