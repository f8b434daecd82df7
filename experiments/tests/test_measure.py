"""What a rung measures: only what it was asked for, and a record that says the same whether or not it had to."""

import json

import pytest

from experiments.build import build
from experiments.measure import measure
from experiments.tests.test_configs import jobs


def fields(*overrides):
    job, = jobs(*overrides, "particles=20")
    return measure(build(job.config), job.ladder[0], job.config["particles"], job.config["seed"])


@pytest.fixture
def no_transport(monkeypatch):
    def refuse(*arguments):
        raise AssertionError("nobody asked for an ensemble")

    monkeypatch.setattr("heroism.measures.run.populate", refuse)


@pytest.mark.parametrize("sampler", ["heroism", "heroism_frugal"])
def test_a_lemma_needs_no_ensemble_and_its_record_says_what_a_run_would_cost(no_transport, monkeypatch, sampler):
    alone = fields("T=32", "distance=score_bound", f"sampler={sampler}", "distance.score_bound.particles=10")
    assert alone["folded"] is None and alone["diverged"] is None
    monkeypatch.undo()
    both = fields("T=32", "distance=[total_variation,score_bound]", f"sampler={sampler}",
                  "distance.score_bound.particles=10")
    assert (both["folded"], both["diverged"]) == (0.0, 0.0)
    assert alone["estimates"]["score_bound"] == both["estimates"]["score_bound"]
    for name in ("evaluations", "rounds", "order", "tau_end", "step"):
        assert alone[name] == both[name]


def test_an_error_that_was_not_measured_is_not_zero():
    alone = fields("T=32", "distance=score_bound", "perturbation=sine", "distance.score_bound.particles=10")
    assert alone["score_error"] is None and alone["jacobian_error"] is None
    assert fields("T=32", "perturbation=sine")["score_error"] > 0.0
    assert fields("T=32", "distance=score_bound", "distance.score_bound.particles=10")["score_error"] == 0.0


def test_a_budget_names_all_its_parts():
    parts = ("initialisation", "jacobian", "score", "refinement", "discretisation")
    estimates = fields("T=32", "distance=budget", "distance.budget.particles=20", "start=gaussian")["estimates"]
    assert set(estimates) == {f"budget{kind}{part}" for kind in ("", "_bounds") for part in
                              ("", *(f"_{name}" for name in parts))}
    shares = sum(estimates[f"budget_{part}"]["value"] for part in parts)
    assert shares == pytest.approx(estimates["budget"]["value"], rel=1e-9)
    assert json.dumps(estimates)


@pytest.mark.parametrize("overrides, sentence", [
    (("target=product_mixture", "d=1", "distance=kernel"),
     "sampler = Heroism: only the density of a stochastic sampler"),
    (("sampler=ddpm", "target=gaussian_mixture"), "target = GaussianMixture: the exact law of an output is known for"),
    (("sampler=ddpm", "distance=budget"), "sampler = Ddpm: a stochastic sampler has no map"),
    (("sampler=unipc", "distance=iterate_error"), "sampler = UniPC: single steps are those of Heroism"),
    (("sampler=ddim", "distance=refinements_needed"), "sampler = Ddim: only Heroism refines"),
])
def test_what_cannot_be_measured_is_refused_before_anything_runs(bare, no_transport, overrides, sentence):
    assert bare("T=32", "particles=5", *overrides) == 2
    assert bare.err.startswith(sentence) and bare.err.count("\n") == 1
    assert bare.records() == []
