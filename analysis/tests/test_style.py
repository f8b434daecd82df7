"""What all pictures share: rounding that never promises too much, marks of what decides nothing, files for print."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from analysis import looks, style


@pytest.mark.parametrize("value, low, high, text", [
    (0.2134, 0.19, 0.236, "0.21 ± 0.03"), (4.0, 3.9999, 4.0001, "4.00 ± 0.01"), (1.0, 0.5, 1.5, "1.0 ± 0.5"),
    (1.0, -np.inf, np.inf, "1.00")])
def test_intervals_are_never_rounded_down(value, low, high, text):
    assert style.measured(value, low, high) == text


@pytest.mark.parametrize("value, text", [(1e-2, "10^{-2}"), (1e-8, "10^{-8}"), (3e-4, r"3\cdot 10^{-4}"),
                                         (0.1, "10^{-1}")])
def test_powers_of_ten(value, text):
    assert style.power_of_ten(value) == text


def test_points_with_folded_or_diverged_paths_are_crossed_out():
    points = pd.DataFrame({"folded": [0.0, 1e-3, np.nan, 0.0], "diverged": [0.0, 0.0, np.nan, 0.5]})
    axes = Figure().subplots()
    style.spoiled(axes, [1, 2, 3, 4], [5, 6, 7, 8], points)
    (line,) = axes.lines
    assert line.get_xydata().tolist() == [[2, 6], [4, 8]] and line.get_marker() == "x"
    style.spoiled(axes, [1], [5], points[:1])
    assert len(axes.lines) == 1


def test_an_error_bar_that_reaches_zero_is_cut():
    assert style.reach(np.array([1.0, 1.0]), np.array([0.5, 3.0])).tolist() == [[0.5, 0.999], [0.5, 3.0]]


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


def test_a_picture_keeps_its_colours_and_embeds_its_type(tmp_path):
    figure, ((axes,),) = style.panels(1, 1, 2.0)
    for i, colour in enumerate(looks.COLOURS):
        axes.plot([0, 1], [i, i], color=colour, linewidth=4)
    png, pdf = style.save(figure, tmp_path / "folder" / "figure")
    shades = np.unique(np.asarray(Image.open(png).convert("RGB")).reshape(-1, 3), axis=0).astype(int)
    for colour in looks.COLOURS:
        value = [int(colour[i:i + 2], 16) for i in (1, 3, 5)]
        assert np.abs(shades - value).sum(axis=1).min() < 10
    content = pdf.read_bytes()
    assert b"/FontFile2" in content and b"CreationDate" not in content
