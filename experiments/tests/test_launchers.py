"""A sweep is the same whoever carries it, and however many threads the user's shell asks for."""

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from experiments import measure
from experiments.paths import ROOT
from experiments.sweep import OVERHEAD, dealt

BASIC = "hydra/launcher=basic"
SWEEP = ("-m", "target=sphere,product_mixture", "d=3,4", "K=1,2", "seed=range(5)", "T=[16,32]", "particles=16",
         "schedule=log_snr", "report=false")  # 40 jobs
PLUGINS = {"processes": "submitit", "slurm": "submitit", "ray_cluster": "ray"}
SLURM = ("slurmctld", "slurmd", "slurmdbd", "munged", "mariadbd")


@pytest.mark.parametrize("arguments", [(), ("-m", BASIC)])
def test_jobs_run_on_one_thread_whatever_was_set_before(command, monkeypatch, arguments):
    seen = set()
    original = measure.measure
    monkeypatch.setattr(measure, "measure", lambda *rung: seen.update(
        pool["num_threads"] for pool in threadpool_info()) or original(*rung))
    with threadpool_limits(2):
        assert command(*arguments, T="32") == 0
    assert seen == {1}


def test_a_shell_that_asks_for_threads_changes_nothing():
    ask = "import os, experiments; print(os.environ['OPENBLAS_NUM_THREADS'], os.environ['OMP_NUM_THREADS'])"
    done = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, capture_output=True, text=True, check=True,
                          env=os.environ | {"OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "8"})
    assert done.stdout.split() == ["1", "1"]


@pytest.mark.parametrize("tasks", [1, 3, 100])
def test_tasks_do_equal_shares(tasks):
    waiting = [(number, None, [float(price)]) for number, price in enumerate(range(20, 0, -1))]
    handed = dealt(waiting, tasks)
    loads = [sum(20.0 - number + OVERHEAD for number, _ in share) for share in handed]
    assert sorted(number for share in handed for number, _ in share) == list(range(20))
    assert len(handed) == min(tasks, 20) and (tasks > 20 or max(loads) - min(loads) <= 20.0)


@pytest.mark.parametrize("tasks", ["0", "many", "2.5"])
def test_tasks_are_a_number(command, tasks):
    assert command("-m", BASIC, f"tasks={tasks}") == 2
    assert command.err.startswith(f"tasks = {tasks}: give a whole number") and command.err.count("\n") == 1


@pytest.mark.parametrize("launcher, extra", [("ray", "ray"), ("ray_cluster", "ray"), ("slurm", "cluster"),
                                             ("submitit_local", "cluster"), ("processes", "cluster")])
def test_a_launcher_that_is_not_installed_is_named_with_its_extra(command, launcher, extra):
    if find_spec(f"hydra_plugins.hydra_{'submitit' if extra == 'cluster' else 'ray'}_launcher"):
        pytest.skip(f"the extra {extra} is installed")
    assert command("-m", f"hydra/launcher={launcher}") == 2
    assert command.err.endswith(f"is not installed: pip install -e '.[{extra}]'\n") and command.err.count("\n") == 1


def swept(results, *launcher):
    """Estimates of the sweep, by key."""
    command = [sys.executable, "-m", "experiments.run", *SWEEP, *launcher, f"results={results}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {path.name: json.loads(path.read_text())["estimates"] for path in (results / "raw").glob("*.json")}


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    found = swept(tmp_path_factory.mktemp("alone"), "hydra/launcher=joblib")
    assert len(found) == 80
    return found


@pytest.fixture
def slurm(tmp_path_factory, monkeypatch):
    """A cluster of one node on this machine, for as long as the test takes."""
    if os.getuid() or not all(map(shutil.which, SLURM)):
        pytest.skip(f"Slurm is not here, or only root may start it: apt-get install --no-install-recommends slurm-wlm "
                    f"munge slurmdbd mariadb-server brings {', '.join(SLURM)}")
    folder, script = tmp_path_factory.mktemp("slurm"), str(ROOT / "experiments" / "tests" / "slurm.sh")
    monkeypatch.setenv("SLURM_CONF", str(folder / "slurm.conf"))
    try:
        subprocess.run(["sh", script, folder, "start"], check=True, timeout=120, stdout=subprocess.DEVNULL)
        yield
    finally:
        subprocess.run(["sh", script, folder, "stop"], check=True)


@pytest.mark.slow
@pytest.mark.parametrize("launcher, settings", [
    ("processes", ()), ("ray_cluster", ()),
    ("slurm", ("tasks=4", "hydra.launcher.partition=main", "hydra.launcher.mem_gb=1"))])
def test_a_sweep_is_the_same_whoever_carries_it(tmp_path, request, monkeypatch, alone, launcher, settings):
    if find_spec(f"hydra_plugins.hydra_{PLUGINS[launcher]}_launcher") is None:
        pytest.skip(f"the launcher {launcher} is not installed: pip install -e '.[cluster,ray]'")
    if launcher == "slurm":
        request.getfixturevalue("slurm")
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    assert swept(tmp_path, f"hydra/launcher={launcher}", *settings) == alone
