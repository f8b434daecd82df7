"""Jobs made of plain objects are those that OmegaConf makes, and what is not plain is left to it."""

import pytest

from experiments.job import Job
from experiments.template import Template
from experiments.tests.test_configs import FILES, jobs, planner

CHANGES = [{}, {"d": 7, "T": [16, 8], "scheduler": "mine", "stop_below": 1e-3, "report": False},
           {"d": 4.0, "K": 2, "N": 3, "seed": 5, "particles": 1, "T": 16, "epsilon": 0.5, "smoke": True},
           {"schedule.c1": 4}]


@pytest.fixture
def slow(monkeypatch):
    """The jobs that were left to OmegaConf."""
    made = []
    monkeypatch.setattr(Template, "_slow", lambda self, changed: made.append(SLOW(self, changed)) or made[-1])
    return made


SLOW = Template._slow


def same(one, other):
    assert one == other and one.dumps() == other.dumps() and one.keys == other.keys


@pytest.mark.parametrize("group, name", FILES)
def test_plain_values_make_the_same_job(slow, group, name):
    template = planner("T=64")._template((f"{group}={name}",))
    changes = [change for change in CHANGES if group != "schedule" or "schedule.c1" not in change]
    for change in changes:
        same(template.job(change), SLOW(template, change))
    assert not slow


@pytest.mark.parametrize("override", [
    "seed=${d}", "target.radius=${oc.env:HOME}", "+target.a=1", "N=${K}", "sampler.points=[1,{a:2}]", "T='${T_max}'"])
def test_what_is_not_plain_is_left_to_omegaconf(slow, override):
    made, = jobs("T=64", "target=sphere", override)
    assert isinstance(made, Job) and "${" not in made.dumps()
