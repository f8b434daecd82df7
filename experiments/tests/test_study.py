"""Grids to jobs."""

import pytest

from experiments.study import expand
from heroism.errors import InputError

GROUPS = {"target", "sampler"}
STUDY = {
    "grids": [{"target": ["sphere", "cube"], "d": [2, 4], "T": [16, 32], "stop_below": 1e-9},
              {"target": "digits", "d": [1, 8], "T": 16, "N": "auto"}],
    "smoke": {"d": 2, "T": [8]},
}


def jobs(smoke=False, **overrides):
    return {" ".join(job) for job in expand(STUDY, overrides, GROUPS, smoke)}


def test_product_within_a_grid_and_union_over_grids():
    assert jobs() == {
        "target=sphere d=2 T=[16,32] stop_below=1e-09", "target=sphere d=4 T=[16,32] stop_below=1e-09",
        "target=cube d=2 T=[16,32] stop_below=1e-09", "target=cube d=4 T=[16,32] stop_below=1e-09",
        "target=digits d=1 T=16 N=auto", "target=digits d=8 T=16 N=auto"}


def test_across_combines_every_grid_with_every_part():
    study = {"grids": [{"sampler": ["ddim", "euler"], "T": [8]}, {"sampler": "rk4", "T": [4], "particles": 9}],
             "across": [{"target": "sphere", "d": 2}, {"target": "cube", "particles": 5}]}
    assert {" ".join(sorted(job)) for job in expand(study, {}, GROUPS, False)} == {
        "T=[8] d=2 sampler=ddim target=sphere", "T=[8] d=2 sampler=euler target=sphere",
        "T=[4] d=2 particles=9 sampler=rk4 target=sphere", "T=[8] particles=5 sampler=ddim target=cube",
        "T=[8] particles=5 sampler=euler target=cube", "T=[4] particles=5 sampler=rk4 target=cube"}


def test_the_smoke_version_replaces_axes_of_every_grid():
    assert jobs(smoke=True) == {
        "target=sphere d=2 T=[8] stop_below=1e-09", "target=cube d=2 T=[8] stop_below=1e-09",
        "target=digits d=2 T=[8] N=auto"}


def test_an_override_replaces_an_axis():
    assert jobs(d=["3"], seed=["0", "1"], target=["cube"]) == {
        f"target=cube d=3 T=[16,32] stop_below=1e-09 seed={seed}" for seed in (0, 1)}


def test_a_group_narrows_to_the_grids_that_have_it():
    assert jobs(target=["digits"]) == {"target=digits d=1 T=16 N=auto", "target=digits d=8 T=16 N=auto"}
    assert jobs(target=["cube", "digits"]) == {job for job in jobs() if "sphere" not in job}


def test_a_group_value_that_no_grid_has_joins_all_of_them():
    assert jobs(sampler=["ddim"]) == {f"{job} sampler=ddim" for job in jobs()}
    assert {job for job in jobs(target=["new", "cube"]) if "new" in job} == {
        "target=new d=2 T=[16,32] stop_below=1e-09", "target=new d=4 T=[16,32] stop_below=1e-09",
        "target=new d=1 T=16 N=auto", "target=new d=8 T=16 N=auto"}


def test_settings_inside_a_choice_go_with_it():
    grid = {"distance": "histogram", "distance.histogram.bins": 9, "d": 2}
    study, groups = {"grids": [grid], "smoke": {"distance": ["kernel"]}}, {"measure"}
    assert expand(study, {}, groups, False) == [["measure=distance/histogram", "measure.histogram.bins=9", "d=2"]]
    assert expand(study, {}, groups, True) == [["measure=[\"distance/kernel\"]", "d=2"]]
    assert expand(study, {"measure": ["distance/histogram"]}, groups, False) == expand(study, {}, groups, False)
    assert expand(study, {"measure.other.bins": ["7"], "measure": ["other"]}, groups, False) == [
        ["measure=other", "d=2", "measure.other.bins=7"]]


@pytest.mark.parametrize("study", [{}, {"grids": []}, {"grids": None}])
def test_a_study_needs_a_grid(study):
    with pytest.raises(InputError, match=r"study\.grids"):
        expand(study, {}, GROUPS, False)
