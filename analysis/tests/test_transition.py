"""Costs of grids against d, the pilot run included, and their exponents, from records that have known ones."""

import numpy as np
import pandas as pd
import pytest

from analysis.studies import transition
from analysis.tests.synthetic import record, tidy

STEPS = (16, 32, 64, 128, 256, 512, 1024, 2048)
PILOT = 10


def study():
    """A total variation of (5 d^power / evaluations)^3, on the grid that knows and on the even one."""
    for schedule, power in (("transition", 0.25), ("log_snr", 1.0)):
        for d in (16, 32, 64, 128):
            for T in STEPS:
                yield record("random_codebook", d, None, T, (5.0 * d**power / (T + PILOT)) ** 3, study="transition",
                             sampler="heun", schedule=schedule, N=None, evaluations=T + PILOT,
                             config={"target": {"dim": d}, "sampler": {"order": 3}, "seed": 0})


@pytest.fixture(scope="module")
def tables():
    found, environments = tidy(study())
    return transition.tables(found) | {"environments": environments}


def test_exponents_are_those_that_were_put_in(tables):
    found = tables["transition"].set_index(["grid", "epsilon"])["exponent"]
    for grid, power in ((transition.GRIDS[0], 0.25), (transition.GRIDS[1], 1.0)):
        assert found[grid, 0.1] == pytest.approx(power, abs=0.02)
    cost = tables["transition_costs"].set_index(["grid", "epsilon", "d"])["evaluations"]
    assert cost[transition.GRIDS[0], 0.1, 64] == pytest.approx(5.0 * 64**0.25 * 10 ** (1 / 3), rel=0.02)


def test_picture_and_summary(tables):
    assert set(transition.summary(tables)["method"]) == {"Heun (EDM)"}
    axes = transition.draw(tables).axes
    assert [one.get_title(loc="left") or one.get_title() for one in axes] == ["TV = 0.1", "TV = 0.01"]
    nothing = tables["transition_costs"].assign(evaluations=np.nan)
    assert transition.draw({"transition_costs": nothing, "environments": pd.DataFrame()}) is None
