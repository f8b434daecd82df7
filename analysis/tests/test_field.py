"""The whole field against samplers of known order."""

import pytest

from analysis import looks
from analysis.studies import field
from analysis.tests.synthetic import record, tidy


def runs(sampler, order, **more):
    """A ladder whose total variation, KL and W2 have this order."""
    return [record("product_mixture", 4, None, steps, (steps - 1.0) ** -order, study="field", sampler=sampler, N=None,
                   **more) for steps in (17, 33, 65, 129)]


def test_orders_stand_beside_what_is_claimed():
    table = field.tables(tidy([*runs("gradient_estimation", 1), *runs("er_sde", 2), *runs("ddpm", 1)])[0])["field"]
    rows = table.set_index("sampler")
    measured = rows.loc[["gradient_estimation", "er_sde", "ddpm"], "total_variation"]
    assert list(measured) == pytest.approx([1, 2, 1], abs=0.1)
    assert rows.at["gradient_estimation", "claimed"] == 2 and rows.at["ddpm", "source"] == "2006.11239"
    assert list(rows["stochastic"].astype(bool)) == [name != "gradient_estimation" for name in rows.index]
    assert "ddpm" in set(table["sampler"]) and field.summary({"field": table})["TV"].str.startswith(("1", "2")).all()


@pytest.mark.parametrize(("sampler", "stochastic"), [
    ("ddpm", True), ("dpmpp_2m", False), ("dpmpp_2m_sde", True), ("dpm_2", False), ("dpm_2_ancestral", True),
    ("heun", False), ("diffusers", False), ("diffusers_noise", True), ("one of one's own", False)])
def test_it_is_known_which_samplers_add_noise(sampler, stochastic):
    assert looks.is_stochastic(sampler) == stochastic


def test_nothing_to_draw_is_no_picture():
    tables = field.tables(tidy(runs("ddpm", 1))[0])
    assert field.draw_path(tables) is None and tables["field_path"].empty
