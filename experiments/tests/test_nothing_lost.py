"""Sweeps that are killed, run out of disk or meet another one on their folder: the same command then ends with the
same table as one that nothing happened to.
"""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from experiments.paths import ROOT

pytestmark = pytest.mark.slow
RECORDS, KILLS = 60, 10
SWEEP = ["-m", "target=sphere", "d=3", "K=1", "N=1", "T=[32]", "particles=8", f"seed=range({RECORDS})", "report=false"]
WORKERS, ALONE = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2"), ("hydra/launcher=basic",)
PATIENCE = 120  # seconds
# A process that is killed while it writes its record number ``sys.argv[1]``: the file is there, its name is not.
DIES = """
import os, signal, sys
from experiments import store
from experiments.run import main
left, sync = [int(sys.argv.pop(1))], os.fsync
def dies(descriptor):
    sync(descriptor)
    left[0] -= 1
    left[0] or os.kill(os.getpid(), signal.SIGKILL)
os.fsync = dies
sys.exit(main())
"""


def command(results, *more, program=("-m", "experiments.run")):
    return [sys.executable, *program, *SWEEP, *more, f"results={results}"]


def started(arguments, **settings):
    return subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                            start_new_session=True, **settings)


def completed(results, *more):
    done = subprocess.run(command(results, *more), cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return table(results)


def table(results):
    """Estimates by key; nothing half-written lies beside them."""
    assert not [path for path in (Path(results) / "raw").rglob(".*")]
    return {path.name: json.loads(path.read_text())["estimates"] for path in (Path(results) / "raw").glob("*.json")}


def count(results):
    return len(list((Path(results) / "raw").glob("*.json")))


def children(process):
    with suppress(OSError):
        return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    return []


def kill(process, victim):
    """SIGKILL for a parent, one of its workers, or all of them; what is left is killed too."""
    group = os.getpgid(process.pid)
    workers = children(process.pid)
    if victim == "worker" and workers:
        os.kill(workers[-1], signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):  # a worker that is lost is replaced
            process.wait(1.0)
    if victim == "parent" or victim == "worker":
        process.kill()
    else:
        os.killpg(group, signal.SIGKILL)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    found = completed(tmp_path_factory.mktemp("undisturbed"), *ALONE)
    assert len(found) == RECORDS
    return found


@pytest.mark.parametrize("victim", ["parent", "worker", "group", "saving", "any"])
def test_killed_at_random_moments(tmp_path, undisturbed, victim):
    rng = np.random.default_rng([2506, 24042, len(victim)])
    for _ in range(KILLS):
        who = rng.choice(["parent", "worker", "group", "saving"]) if victim == "any" else victim
        before = count(tmp_path)
        if who == "saving":  # the first two things that are written are the probe and the plan
            process = started([*command(tmp_path, *ALONE, program=("-c", DIES, str(rng.integers(1, 8))))])
            process.communicate(timeout=PATIENCE)
            continue
        process, more, until = started(command(tmp_path, *WORKERS)), rng.integers(0, 5), time.monotonic() + PATIENCE
        while count(tmp_path) < before + more and process.poll() is None and time.monotonic() < until:
            time.sleep(0.005)
        time.sleep(rng.uniform(0.0, 0.3))
        if process.poll() is None:
            kill(process, who)
        process.communicate()
    assert completed(tmp_path, *WORKERS) == undisturbed


def test_two_sweeps_on_one_folder(tmp_path, undisturbed):
    both = [started(command(tmp_path, *WORKERS)) for _ in range(2)]
    said = [process.communicate(timeout=PATIENCE)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert table(tmp_path) == undisturbed


def test_a_disk_that_fills_up(tmp_path, undisturbed):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=192k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no small disk can be mounted here")
    try:
        full = subprocess.run(command(disk / "results", *WORKERS), cwd=ROOT, capture_output=True, text=True,
                              check=False)
        assert full.returncode == 1 and "No space left on device" in full.stderr, full.stderr
        assert 0 < count(disk / "results") < RECORDS
        subprocess.run(["mount", "-o", "remount,size=16m", str(disk)], check=True)
        assert completed(disk / "results", *WORKERS) == undisturbed
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False)


def test_files_that_may_not_grow(tmp_path):
    """Where nothing fits, nothing runs."""
    limit = 2**12
    done = subprocess.run(command(tmp_path, *ALONE), cwd=ROOT, capture_output=True, text=True, check=False,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    assert done.returncode == 2 and "File too large" in done.stderr and done.stderr.count("\n") == 1, done.stderr
    assert count(tmp_path) == 0
