"""The study of codebooks, from made-up records with known crossings."""

import numpy as np
import pytest

from analysis.studies import codes, tables_of
from analysis.tests.synthetic import record, tidy


def ladder(target, d, scale, uncounted=None, sampler="ddim", **parameters):
    """``scale d / T``, and what a model makes of it with lost paths uncounted."""
    for T in (32, 64, 128, 256, 512):
        values = {"total_variation": scale * d / T}
        if uncounted is not None:
            values["total_variation_uncounted"] = uncounted * d / T
        estimates = {name: {"value": min(value, 1.0), "stderr": 0.01 * value, "floor": 1e-13, "n": 100}
                     for name, value in values.items()}
        yield record(target, d, None, T, study="codes", sampler=sampler, schedule="log_snr", estimates=estimates,
                     config={"target": parameters})


@pytest.fixture
def tables():
    records = [*ladder("linear_code", 24, 1.0, code="golay"), *ladder("random_codebook", 24, 1.25, 0.8, rate=0.3466)]
    for d in (64, 128):
        records += ladder("random_codebook", d, 0.5, 0.25, rate=1.0)
    return tables_of("codes", *tidy(records))


def test_an_exact_code_stands_beside_the_model_of_its_dimension(tables):
    table = tables["codes"].set_index(["law", "d", "epsilon"])
    exact = table.loc[("exact", 24, 1e-1)]
    assert exact["what"] == "golay [24, 12]" and exact["rate"] == pytest.approx(0.3466)
    assert exact["T"] == pytest.approx(240, rel=1e-6) and np.isnan(exact["uncounted"])
    assert exact["over_model"] == pytest.approx(0.8) and exact["over_uncounted"] == pytest.approx(1.25)
    assert table.loc[("growth", 128, 3e-1), "T"] == pytest.approx(640 / 3, rel=1e-6)
    assert "not reached" in table.loc[("growth", 128, 3e-2), "reason"]


def test_the_summary_says_which_is_which(tables):
    summary = codes.summary(tables)
    assert list(summary["law"]) == ["exact", "model", "model", "model"]
    assert summary.iloc[0]["T at ε 1e-1"] == "240 (0.80 to 1.25)" and summary.iloc[0]["code"] == "golay [24, 12]"
    assert summary[summary["d"] == "64"].iloc[0]["T at ε 1e-1"] == "320 (160)"


def test_the_picture(tables, tmp_path):
    figure = codes.draw(tables)
    assert len(figure.axes) == 1 and figure.axes[0].get_title("left") == "DDIM"
    assert codes.draw({**tables, "codes": tables["codes"].iloc[:0]}) is None


def test_no_runs_are_an_empty_table(tables):
    assert codes.tables(tables["runs"].iloc[:0])["codes"].empty
