"""Every picture of every study: drawn from tables alone, without warnings, the same bytes twice, none without data."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from analysis import style
from analysis.printing import save
from analysis.studies import module_of, tables_of
from analysis.tests.synthetic import record, tidy

# Those with synthetic records; pictures of the others are drawn in tests of their own.
STUDIES = ("accuracy", "budget", "diffusers", "dimension", "floors", "leaderboard", "published")
PICTURES = [(study, picture) for study in STUDIES for picture in module_of(study).FIGURES]
NAMES = [picture.name for _, picture in PICTURES]
every_picture = pytest.mark.parametrize("study, picture", PICTURES, ids=NAMES)


def texts(figure):
    return [text for text in figure.findobj(Text) if text.get_text()]


def test_no_two_pictures_share_a_file():
    assert len(set(NAMES)) == len(NAMES)


@every_picture
def test_it_is_drawn_and_saved_with_the_same_bytes(study, picture, synthetic_tables, tmp_path):
    figures = [picture.draw(synthetic_tables[study]) for _ in range(2)]
    assert all(isinstance(figure, Figure) for figure in figures)
    first, again = ([path.read_bytes() for path in save(figure, tmp_path / str(i) / "figure")]
                    for i, figure in enumerate(figures))
    assert first == again and first[0].startswith(b"\x89PNG") and first[1].startswith(b"%PDF")
    assert all(2_000 < len(content) < 400_000 for content in first)


def test_another_process_writes_the_same_bytes(tmp_path):
    code = ("import sys; from pathlib import Path; from analysis import printing, style; figure, shown = "
            "style.wrapped_panels(2, 2, 2.0); [axes.plot([1, 2], [3, 4], label='x') for axes in shown]; "
            "printing.save(figure, Path(sys.argv[1]))")
    saved = []
    for number in range(2):
        where = tmp_path / str(number) / "figure"
        subprocess.run([sys.executable, "-c", code, str(where)], check=True, cwd=Path(__file__).parents[2],
                       env=os.environ | {"PYTHONHASHSEED": str(number)})
        saved.append([where.with_suffix(suffix).read_bytes() for suffix in (".png", ".pdf")])
    assert saved[0] == saved[1]


@every_picture
def test_it_says_where_it_comes_from_and_what_it_shows(study, picture, synthetic_tables):
    said = " ".join(text.get_text() for text in texts(picture.draw(synthetic_tables[study])))
    assert "A Processor" in said and "commit 0123456789" in said and "numpy 2.4.6" in said
    assert any(word in said for word in ("$T$", "$T(d", "$T - 1$", "score evaluations", "rounds"))
    assert len(picture.caption) > 80


@every_picture
@pytest.mark.parametrize("width", [style.WIDTH, style.COLUMN])
def test_it_fits_a_page_and_can_be_read_there(study, picture, synthetic_tables, width):
    with style.page(width):
        figure = picture.draw(synthetic_tables[study])
    assert figure.get_figwidth() <= width and figure.get_figheight() < 11.0
    assert min(text.get_fontsize() for text in texts(figure)) >= style.SMALL


@every_picture
def test_it_leaves_the_tables_alone(study, picture, synthetic_tables):
    before = {name: table.copy() for name, table in synthetic_tables[study].items()}
    picture.draw(synthetic_tables[study])
    assert all(before[name].equals(table) for name, table in synthetic_tables[study].items())


@every_picture
def test_without_data_it_draws_nothing(study, picture):
    assert picture.draw(tables_of(study, *tidy([]))) is None


@every_picture
def test_a_single_point_is_no_accident(study, picture):
    estimate = {"value": 0.01, "stderr": 0.001, "floor": 1e-9, "n": 10}
    one = record(T=64, estimates={"total_variation": estimate, "histogram": estimate}, study=study)
    figure = picture.draw(tables_of(study, *tidy([one])))
    if study in ("budget", "dimension", "diffusers"):
        assert figure is None  # it is no budget, brackets no epsilon, and is no scheduler's
    else:
        figure.draw_without_rendering()


def test_measured_slopes_stand_in_the_figure(synthetic_tables):
    (picture,) = module_of("accuracy").FIGURES
    assert any("±" in text.get_text() for text in texts(picture.draw(synthetic_tables["accuracy"])))


def test_the_theorems_slope_is_drawn_as_it_is(synthetic_tables):
    (picture,) = module_of("dimension").FIGURES
    figure = picture.draw(synthetic_tables["dimension"])
    panel = next(axes for axes in figure.axes if axes.get_title(loc="left").startswith("$K = 3"))
    ends = [np.log(line.get_xydata()) for line in panel.lines if len(line.get_xdata()) == 2]
    assert any(rise / run == pytest.approx(1 + 2 / 3) for run, rise in (np.diff(line, axis=0)[0] for line in ends))
