"""The folder conf is the registry: every file in it composes and builds, and is about a class that exists."""

from contextlib import contextmanager
from dataclasses import replace
from functools import cache

import pytest
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode
from omegaconf import OmegaConf

from experiments.build import build, make
from experiments.execute import Execution, check
from experiments.job import CHOICES
from experiments.paths import CONF
from experiments.plan import Planner
from experiments.store import Store
from experiments.study import expand
from experiments.template import Template
from experiments.words import canonical, measures
from heroism.errors import MissingExtra

FILES = [*((group, path.stem) for group in CHOICES for path in sorted((CONF / group).glob("*.yaml"))),
         *(("measure", file) for file in measures().values())]
STUDIES = [path.stem for path in sorted((CONF / "study").glob("*.yaml"))]
SMOKE_RECORDS = 200
NEEDS = {"python": ["sampler.function=heroism.tests.own_functions.heun"],  # what a file leaves to the command line
         "guided": ["target=labelled_mixture"],
         "table": [f"schedule.flow={[i / 64 for i in range(1, 65)]}".replace(" ", "")]}


def jobs(*overrides):
    """What a sweep with these overrides would run; Hydra composes once per choice of files."""
    return planner(*overrides[:1]).plan([canonical(override) for override in overrides])


@cache
def planner(first):
    """A planner; ``first`` is the override that names a study, if any does."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        loader = GlobalHydra.instance().config_loader()
        study = [first, "smoke=true"] if first.startswith("study=") else []
        return Planner(loader, loader.load_configuration("config", study, run_mode=RunMode.MULTIRUN))


@contextmanager
def extras_are_optional():
    """Skip what an optional package is missing for, in its own words."""
    try:
        yield
    except MissingExtra as missing:
        pytest.skip(str(missing))


@pytest.mark.parametrize("group, name", FILES)
def test_every_file_composes_and_builds(group, name):
    made, = jobs("T=64", f"{group}={name}", *NEEDS.get(name, []))
    with extras_are_optional():
        parts = build(made.config)
        parts.schedule(64)
    assert group == "measure" or made.names[group] == name
    assert parts.schedule(64).steps == 64
    assert parts.score(parts.target).target is parts.target
    assert callable(parts.measures[made.names["deciding"]])


@pytest.mark.parametrize("name", [name for group, name in FILES if group == "target"])
def test_a_target_takes_its_dimension_from_d_or_has_its_own(name):
    small, large = jobs("T=64", f"target={name}", "d=4")[0], jobs("T=64", f"target={name}", "d=8")[0]
    grows = build(small.config).target.ambient_dim < build(large.config).target.ambient_dim
    assert (small.short["d"], large.short["d"]) == ((4, 8) if grows else (None, None))


def test_there_are_studies():
    assert {"dimension", "accuracy", "floors"} <= set(STUDIES)


@cache
def smoke_jobs(study):
    return jobs(f"study={study}", "smoke=true")


def run_smoke(study, results, most):
    """Every record of the smoke version that has to be done, of ladders after the first only so many rungs."""
    for number, job in enumerate(smoke_jobs(study)):
        job = replace(job, ladder=job.ladder[:most if number else None])
        try:
            check(job)
        except MissingExtra:
            continue  # as a sweep does
        for record in Execution(job, Store(results)).run():
            assert record.done, record.reason
            assert record.study == study and record.key in job.keys


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_says_what_it_tests_and_its_smoke_version_runs(tmp_path, monkeypatch, name):
    """Every job on its first rung, and one on its whole ladder; their values are plain, so that planning is fast."""
    monkeypatch.setattr(Template, "_slow", None)
    study = OmegaConf.load(CONF / "study" / f"{name}.yaml")
    assert {"title", "claim", "predicted", "direction", "tolerance"} <= study.keys()
    assert {"statistic", "measured"} & {*study.keys(), *study.claim.keys()}  # to compute, or in words
    assert {"words", "source", "equation"} <= study.claim.keys()
    assert {"grids", "smoke"} <= study.keys() or "optimise" in study  # test_optimise runs the tiny version of a search
    assert "grids" not in study or 0 < sum(len(job.ladder) for job in smoke_jobs(name)) <= SMOKE_RECORDS
    run_smoke(name, tmp_path, 1)


@pytest.mark.slow
@pytest.mark.parametrize("name", STUDIES)
def test_all_of_a_smoke_version_runs(tmp_path, name):
    run_smoke(name, tmp_path, None)


@pytest.mark.parametrize("name", STUDIES)
def test_every_target_of_a_study_can_be_made(name):
    """Those too that its smoke version leaves out, each in the first of its dimensions."""
    study = OmegaConf.to_container(OmegaConf.load(CONF / "study" / f"{name}.yaml"), resolve=True)
    settings = {}
    for overrides in expand(study, {}, planner("").groups, False) if "grids" in study else []:
        target = [text for text in overrides if text.startswith("target")]
        settings.setdefault(tuple(target), [*target, *(text for text in overrides if text.startswith("d="))])
    for overrides in settings.values():
        made, = jobs("T=64", *overrides)
        assert make(made.config["target"], "target", ()).dim >= 1


def test_a_smoke_version_through_the_sweep(bare):
    assert bare("-m", "study=accuracy", "smoke=true", "target=sphere", "hydra/launcher=basic") == 0, bare.err
    planned = [job for job in smoke_jobs("accuracy") if job.names["target"] == "sphere"]
    assert {record["key"] for record in bare.records()} == {key for job in planned for key in job.keys}
