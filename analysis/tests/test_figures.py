"""Every figure that is there: drawn from tables alone, without warnings, the same bytes twice, silent without data."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from analysis import style
from analysis.compile import tidy
from analysis.figures import discover
from analysis.tables import DERIVED, tables_of
from analysis.tests.synthetic import record

MODULES = discover()
NAMES = [module.__name__.rpartition(".")[2] for module in MODULES]


def texts(figure):
    return " ".join(text.get_text() for text in figure.findobj(lambda part: hasattr(part, "get_text")))


def test_every_study_has_a_figure():
    assert {module.STUDY for module in MODULES} == set(DERIVED)
    assert len(discover("dimension")) == 1


@pytest.mark.parametrize("module", MODULES, ids=NAMES)
def test_it_is_drawn_and_saved_with_the_same_bytes(module, synthetic_tables, tmp_path):
    figures = [module.draw(synthetic_tables[module.STUDY]) for _ in range(2)]
    assert all(isinstance(figure, Figure) for figure in figures)
    first, again = ([path.read_bytes() for path in style.save(figure, tmp_path / str(i) / "figure")]
                    for i, figure in enumerate(figures))
    assert first == again and first[0].startswith(b"\x89PNG") and b"<svg" in first[1]
    assert all(len(content) > 10_000 for content in first)


@pytest.mark.parametrize("module", MODULES, ids=NAMES)
def test_it_says_where_it_comes_from_and_what_it_shows(module, synthetic_tables):
    said = texts(module.draw(synthetic_tables[module.STUDY]))
    assert "A Processor" in said and "commit 0123456789" in said and "numpy 2.4.6" in said
    assert any(word in said for word in ("$T$", "$T(d", "$T - 1$", "score evaluations", "rounds"))
    assert len(module.CAPTION) > 80


@pytest.mark.parametrize("module", MODULES, ids=NAMES)
def test_it_leaves_the_tables_alone(module, synthetic_tables):
    before = {name: table.copy() for name, table in synthetic_tables[module.STUDY].items()}
    module.draw(synthetic_tables[module.STUDY])
    assert all(before[name].equals(table) for name, table in synthetic_tables[module.STUDY].items())


@pytest.mark.parametrize("module", MODULES, ids=NAMES)
def test_without_data_it_draws_nothing(module):
    runs, environments = tidy([])
    assert module.draw(tables_of(module.STUDY, runs, environments)) is None


@pytest.mark.parametrize("module", MODULES, ids=NAMES)
def test_a_single_point_is_no_accident(module):
    estimate = {"value": 0.01, "stderr": 0.001, "floor": 1e-9, "n": 10}
    one = record(T=64, estimates={"total_variation": estimate, "histogram": estimate}, study=module.STUDY)
    figure = module.draw(tables_of(module.STUDY, *tidy([one])))
    if module.STUDY in ("dimension", "diffusers"):
        assert figure is None  # it brackets no epsilon, and is no scheduler's
    else:
        figure.draw_without_rendering()


@pytest.mark.parametrize("module", [module for module in MODULES if module.STUDY in ("dimension", "accuracy")])
def test_measured_slopes_stand_in_the_figure(module, synthetic_tables):
    figure = module.draw(synthetic_tables[module.STUDY])
    assert any("±" in text for legend in (axes.get_legend() for axes in figure.axes) if legend
               for text in (entry.get_text() for entry in legend.get_texts()))


def test_the_theorems_slope_is_drawn_as_it_is(synthetic_tables):
    (module,) = discover("dimension")
    figure = module.draw(synthetic_tables["dimension"])
    panel = next(axes for axes in figure.axes if axes.get_title(loc="left").startswith("$K = 3"))
    (line,) = (line for line in panel.lines if "theorem" in str(line.get_label()))
    x, y = np.log(line.get_xdata()), np.log(line.get_ydata())
    assert np.diff(y) / np.diff(x) == pytest.approx(np.full(len(x) - 1, 1 + 2 / 3))


def test_looks_written_down_are_told_apart():
    groups = {"families": ["product_mixture", "scale_mixture", "low_rank_mixture", "hypercube", "sphere", "digits"],
              "K": [f"K={K}" for K in range(1, 7)], "samplers": ["heroism", "euler", "ddim", "ddpm"]}
    for labels in groups.values():
        looks = [style.look(label) for label in labels]
        assert len({look["color"] for look in looks}) == len({look["marker"] for look in looks}) == len(labels)


def test_a_new_label_always_looks_the_same():
    assert style.look("a new family") == style.look("a new family") != style.look("another new family")


@pytest.mark.parametrize("value, low, high, text", [
    (0.2134, 0.19, 0.236, "0.21 ± 0.03"), (4.0, 3.9999, 4.0001, "4.00 ± 0.01"), (1.0, 0.5, 1.5, "1.0 ± 0.5"),
    (1.0, -np.inf, np.inf, "1.00")])
def test_intervals_are_never_rounded_down(value, low, high, text):
    assert style.measured(value, low, high) == text


@pytest.mark.parametrize("value, text", [(1e-2, "10^{-2}"), (1e-8, "10^{-8}"), (3e-4, r"3\cdot 10^{-4}"),
                                         (0.1, "10^{-1}")])
def test_powers_of_ten(value, text):
    assert style.power_of_ten(value) == text
