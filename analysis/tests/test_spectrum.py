"""The spectrum's tables: parts are read as they were written, and an even spread of errors is what it promises."""

import json

import numpy as np
import pandas as pd
import pytest

from analysis.studies import spectrum

ORDER = 2.0


def runs(parts, total=0.25):
    row = {"target": "sphere", "d": 4, "sampler": "heun", "schedule": "log_snr", "T": len(parts) + 1, "order": ORDER,
           "key": "a", "variant": "", "K": np.nan}
    return pd.DataFrame([
        {**row, "measure": "error_spectrum", "error": sum(part[2] for part in parts), "stderr": 0.01,
         "parts": json.dumps(parts)},
        {**row, "measure": "total_variation", "error": total, "stderr": 0.01, "parts": None}])


def stretch(constants, lengths):
    """Parts of local errors ``C h^(p + 1)``."""
    ends = np.cumsum(lengths)
    return [[end - h, end, c * h ** (ORDER + 1), 0.0, 0.0] for end, h, c in zip(ends, lengths, constants, strict=True)]


def test_sum_total_and_middle():
    found = spectrum.tables(runs(stretch(np.ones(10), np.ones(10))))["spectrum"].iloc[0]
    assert (found["sum"], found["total"]) == (10.0, 0.25)
    assert (found["low"], found["high"]) == pytest.approx((0.5, 8.5)) and found["even_errors"] == pytest.approx(1.0)


def test_steps_where_even_errors_want_them():
    """Eight times the error constant, on half of the way: twice the density there, and the sum that such a grid has."""
    constants = np.array([1.0] * 5 + [8.0] * 5)
    tables = spectrum.tables(runs(stretch(constants, np.ones(10))))
    wanted = tables["spectrum_parts"]["wanted"]
    assert wanted.sum() == pytest.approx(10.0) and wanted.iloc[9] / wanted.iloc[0] == pytest.approx(2.0)
    density = wanted.to_numpy()
    even = sum(count * c * (1 / count) ** (ORDER + 1) for c, count in zip(constants, density, strict=True))
    assert tables["spectrum"]["even_errors"].iloc[0] == pytest.approx(even / constants.sum())


@pytest.mark.parametrize("spoiled", [{"folded": 0.01}, {"diverged": 0.01}, {"tail": 0.8}])
def test_numbers_that_decide_nothing_are_marked(spoiled):
    for at in (0, 1):  # the sum, or the total variation
        rows = runs(stretch(np.ones(6), np.ones(6)))
        rows.loc[at, [*spoiled]] = [*spoiled.values()]
        assert spectrum.summary(spectrum.tables(rows))["total variation"].iloc[0].endswith(" †")


def test_pictures_and_summary():
    tables = spectrum.tables(runs(stretch(np.ones(6), np.ones(6)))) | {"environments": pd.DataFrame()}
    shown = spectrum.summary(tables)
    assert shown["ratio"].iloc[0] == "24" and "†" not in shown.to_string()
    for picture in spectrum.FIGURES:
        assert picture.draw(tables) is not None
    empty = spectrum.tables(runs(stretch([1.0], [1.0])).assign(parts=None)) | {"environments": pd.DataFrame()}
    assert spectrum.FIGURES[0].draw(empty) is None and spectrum.summary(empty).empty
