"""What practitioners run: budgets, rankings with ties, what grids do, what could be changed."""

import pytest

from analysis.studies import practice, tables_of
from analysis.tests.synthetic import failed, record, tidy

BEST = {"dpmpp_2m": 0.10, "uni_pc": 0.11, "ddim": 0.40}
FACTOR = {"karras": 1.0, "normal": 2.0}


def estimates(value, stderr):
    return {"total_variation": {"value": value, "stderr": stderr, "floor": 1e-12, "n": 100},
            "kl": {"value": value**2, "stderr": stderr, "floor": 1e-12, "n": 100},
            "sliced_wasserstein": {"value": 0.2, "stderr": 0.01, "floor": 0.2, "n": 100}}


def one(sampler="ddim", schedule="karras", evaluations=8, value=0.1, **more):
    return record("digits", 10, None, evaluations + 1, study="practice", sampler=sampler, schedule=schedule,
                  start="gaussian", evaluations=evaluations, estimates=estimates(value, 0.01),
                  config={"target": {"dim": 10}, "seed": 0, **more.pop("config", {})}, **more)


def records():
    for evaluations in (7, 8, 16):
        for sampler, value in BEST.items():
            for schedule, factor in FACTOR.items():
                yield one(sampler, schedule, evaluations, value * factor * 8 / evaluations)
    yield one("ddim", evaluations=60, value=1e-3)
    yield one("heun", value=1e-5, folded=0.1)
    yield one("lms", value=1e-4) | failed("it failed", study="practice", sampler="lms")


@pytest.fixture(scope="module")
def tables():
    return tables_of("practice", *tidy(list(records())))


def test_a_run_belongs_to_the_smallest_budget_that_holds_it_and_the_dearest_counts(tables):
    points = tables["practice_points"]
    assert set(points["budget"]) == {8, 16} and not (points["evaluations"] == 7).any()
    assert not points.duplicated(["family", "budget", "sampler", "grid"]).any()


def test_what_is_not_significantly_worse_shares_a_rank(tables):
    board = tables["practice_ranks"]
    here = board[(board["budget"] == 16)].set_index(["sampler", "grid"])["rank"]
    assert here["dpmpp_2m", "karras"] == here["uni_pc", "karras"] == 1
    assert here["dpmpp_2m", "normal"] == here["uni_pc", "normal"] == 2 and here["ddim", "normal"] == 4


def test_the_page_and_the_summary_say_so(tables):
    page, shown = practice.page(tables), practice.summary(tables)
    assert "DPM++ 2M, karras" in page and "†" in page
    assert "| KL |" in page and "| sliced W2 |" not in page  # below its floor everywhere
    assert "shipped defaults" not in page  # there are none here
    best = shown[shown["evaluations"] == "16"].iloc[0]
    assert best["method"] == "DPM++ 2M, karras" and best["as good"] == "1" and best["of"] == "6"


def test_what_a_grid_costs_is_a_factor(tables):
    factors = practice._factors(tables["practice_ranks"]).set_index("method")
    assert factors.loc["DPM++ 2M", "karras"] == "1.00" and factors.loc["DPM++ 2M", "normal"] == "2.00"


def test_changes_of_shipped_defaults_and_last_steps_have_their_tables():
    shipped = [one("diffusers", "trained", scheduler=scheduler, value=value, config={
        "sampler": {"scheduler": scheduler, "options": {"use_karras_sigmas": karras}}})
        for value, karras in ((0.3, None), (0.2, True)) for scheduler in ("UniPCMultistepScheduler", "DDIMScheduler")]
    to_zero = [one("ddim", "karras", value=0.2, config={"schedule": {"end": end}}) for end in ("zero", "sigma_min")]
    page = practice.page(tables_of("practice", *tidy([*records(), *shipped, *to_zero])))
    assert "* better: use_karras_sigmas=True (DDIM 0.67, UniPCMultistep 0.67)." in page and "end=zero" in page
    assert "| UniPCMultistep | as shipped | 0.3 ± 0.02 |  |  |" in page


@pytest.mark.parametrize("value, more, verdict", [
    (0.31, {}, "no difference"), (0.6, {}, "worse"), (0.2, {"folded": 0.1}, "lower bounds only")])
def test_a_change_is_judged_by_what_is_significant_and_no_lower_bound(value, more, verdict):
    shipped, changed = (one("diffusers", "trained", scheduler="DDIMScheduler", value=at, **rest, config={
        "sampler": {"scheduler": "DDIMScheduler", "options": {"use_karras_sigmas": karras}}})
        for at, karras, rest in ((0.3, None, {}), (value, True, more)))
    rows = practice._changes(tables_of("practice", *tidy([shipped, changed]))["practice_changes"])
    assert rows.set_index("change").loc["use_karras_sigmas=True", "verdict"] == verdict


def test_a_place_where_nothing_comes_near_is_told_in_a_sentence():
    """And no lower bound makes anything the best there."""
    runs = [one(sampler, value=1.0, folded=0.2) for sampler in ("ddim", "heun")] + [one("lms", "normal", 16, 0.02)]
    page = practice.page(tables_of("practice", *tidy(runs)))
    assert "None of 2 methods has a total variation below 0.99." in page
    assert "Of the first rank: 1 of 1 methods." in page


def test_the_picture_has_a_panel_for_every_family(tables):
    figure = practice.draw(tables)
    assert len(figure.axes) == 1 and "DPM++ 2M" in {line.get_label() for line in figure.axes[0].lines}
    assert practice.draw({**tables, "practice_ranks": tables["practice_ranks"].iloc[:0]}) is None
