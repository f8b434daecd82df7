"""The folder conf is the registry: every file in it composes and builds, and is about a class that exists."""

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode
from omegaconf import OmegaConf

from experiments.build import build
from experiments.execute import Execution, check
from experiments.job import GROUPS, Job
from experiments.paths import CONF
from experiments.plan import Planner
from experiments.record import Store, is_done
from experiments.sweep import register

FILES = [(group, path.stem) for group in GROUPS for path in sorted((CONF / group).glob("*.yaml"))]
STUDIES = [path.stem for path in sorted((CONF / "study").glob("*.yaml"))]
SMOKE_RECORDS = 200


def job(*overrides):
    register()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("config", list(overrides), return_hydra_config=True)
    return Job.from_config(cfg, cfg.hydra.runtime.choices)


@pytest.mark.parametrize("group, name", FILES)
def test_every_file_composes_and_builds(group, name):
    made = job(f"{group}={name}", "T=64")
    parts = build(made.config)
    assert made.names[group] == name
    assert parts.schedule(64).steps == 64
    assert parts.score(parts.target).target is parts.target
    assert callable(parts.distances[made.names["distance"]])


@pytest.mark.parametrize("name", [name for group, name in FILES if group == "distance"])
def test_a_distance_is_called_as_its_file(name):
    assert next(iter(job(f"distance=[{name},total_variation]").config["distance"])) == name


@pytest.mark.parametrize("name", [name for group, name in FILES if group == "target"])
def test_a_target_takes_its_dimension_from_d_or_has_its_own(name):
    small, large = job(f"target={name}", "d=4"), job(f"target={name}", "d=8")
    grows = build(small.config).target.ambient_dim < build(large.config).target.ambient_dim
    assert (small.short["d"], large.short["d"]) == ((4, 8) if grows else (None, None))


def test_there_are_studies():
    assert {"dimension", "accuracy", "floors"} <= set(STUDIES)


def smoke_jobs(study):
    """The jobs of a study's tiny version, planned as a sweep plans them."""
    overrides = [f"study={study}", "smoke=true"]
    register()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        hydra = GlobalHydra.instance().hydra
        master = hydra.compose_config("config", overrides, run_mode=RunMode.MULTIRUN)
        return [planned.job for planned in Planner(hydra.config_loader, master).plan(overrides)]


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_says_what_it_tests_and_its_smoke_version_runs(tmp_path, name):
    study = OmegaConf.load(CONF / "study" / f"{name}.yaml")
    assert {"title", "claim", "statistic", "predicted", "direction", "tolerance", "grids", "smoke"} <= study.keys()
    assert {"words", "source", "equation"} <= study.claim.keys()
    jobs = smoke_jobs(name)
    assert 0 < sum(len(job.ladder) for job in jobs) <= SMOKE_RECORDS
    for job in jobs:
        check(job)
        for record in Execution(job, Store(tmp_path)).run():
            assert is_done(record), record["reason"]
            assert record["studies"] == [name]


def test_a_smoke_version_through_the_sweep(bare):
    assert bare("-m", "study=accuracy", "smoke=true", "hydra/launcher=basic") == 0, bare.err
    assert len(bare.records()) == sum(len(job.ladder) for job in smoke_jobs("accuracy"))
