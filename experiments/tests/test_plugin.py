"""The sweeper is a plugin like any other, uses what Hydra makes public, and hands on jobs that are composed once."""

import json
import pickle

import pytest
from hydra.core.config_loader import ConfigLoader
from hydra.core.plugins import Plugins
from hydra.plugins.sweeper import Sweeper

from experiments import execute
from experiments.handover import carried, carry
from experiments.job import Job
from experiments.paths import ROOT
from experiments.sweep import SHARES, TOGETHER, shares

BASIC = "hydra/launcher=basic"
CONFIG = {"target": {"dim": 4}, "sampler": {}, "schedule": {}, "perturbation": {}, "start": {}, "particles": 8,
          "measure": {"total_variation": {}}, "seed": 0}
JOB = Job(CONFIG, {"target": "sphere", "study": None}, {"K": 3}, (16, 32), stop_below=1e-3)


def test_hydra_finds_it_by_itself():
    assert "HeroismSweeper" in {plugin.__name__ for plugin in Plugins.instance().discover(Sweeper)}


def test_nothing_private_of_hydra_is_used():
    files = [path for folder in ("experiments", "hydra_plugins") for path in (ROOT / folder).rglob("*.py")]
    assert len(files) > 20
    assert not [path for path in files if path.name != "test_plugin.py" and "hydra._internal" in path.read_text()]


def test_a_job_comes_back_as_it_was_handed_over():
    text = carry([(7, JOB)])
    assert list(carried({"carried": pickle.loads(pickle.dumps(text))})) == [(7, JOB)]
    (_, back), = carried({"carried": text})
    assert back.keys == JOB.keys and back.identity == JOB.identity


def test_a_job_is_composed_once_and_its_objects_are_built_once(command, monkeypatch):
    composed, built = [], []
    implementation = next(kind for kind in ConfigLoader.__subclasses__() if kind.__module__.startswith("hydra."))
    compose, build = implementation.load_sweep_config, execute.build
    monkeypatch.setattr(implementation, "load_sweep_config",
                        lambda *arguments, **named: composed.append(1) or compose(*arguments, **named))
    monkeypatch.setattr(execute, "build", lambda config, plugins: built.append(json.dumps(config)) or build(config))
    execute._build.cache_clear()
    assert command("-m", BASIC, "d=3,4,5", "seed=0,1", T="16") == 0
    assert len(composed) == 1  # they differ in plain values alone
    assert len(built) == len(set(built)) == 3
    assert len(command.records()) == 6


@pytest.mark.parametrize("prices, together", [
    ([1e-3] * 10, 10), ([1e-3] * 1000, 1000 / (1000 // SHARES)), ([10.0] * 200, 200), ([0.0] * 200, 200),
    ([0.6 * TOGETHER] * 300, 300)])
def test_short_jobs_go_together_long_and_unknown_ones_alone(prices, together):
    handed = shares((number, JOB, [price]) for number, price in enumerate(prices, 5))
    assert [number for share in handed for number, _ in share] == list(range(5, 5 + len(prices)))
    assert len(handed) == pytest.approx(together, abs=1)


def test_many_jobs_of_one_share_leave_their_records(command, monkeypatch):
    monkeypatch.setattr("experiments.sweep.SHARES", 2)
    assert command("-m", BASIC, "seed=range(8)", T="16", d="3") == 0
    assert len(command.records()) == 8
    launched = (command.results / "sweeps")
    assert not list(launched.glob("*/*"))
