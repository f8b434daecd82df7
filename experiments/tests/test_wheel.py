"""The wheel works outside the checkout: it brings its configs along and writes to the working directory."""

import os
import subprocess
import sys

import pytest

from experiments.paths import ROOT

pytestmark = pytest.mark.slow


def python(*arguments, **how):
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False, **how)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with what the wheel installs."""
    folder = tmp_path_factory.mktemp("wheel")
    made = python("-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder), str(ROOT))
    if made.returncode:
        pytest.skip("no wheel can be built without a package index that has setuptools")
    (wheel,) = folder.glob("heroism-*.whl")
    site = folder / "site"
    assert python("-m", "pip", "install", "-q", "--no-deps", "--target", str(site), str(wheel)).returncode == 0
    return site


def test_a_run_outside_the_checkout(installed, tmp_path):
    there = os.environ | {"PYTHONPATH": str(installed)}
    command = ["-m", "experiments.run", "target=sphere", "d=4", "T=[16,24]", "particles=8"]
    ran = python(*command, cwd=tmp_path, env=there)
    assert ran.returncode == 0, ran.stderr
    assert len(list((tmp_path / "results" / "raw").glob("*.json"))) >= 2
    where = python("-c", "import heroism, analysis.files as files; print(heroism.__file__, files.STUDIES)",
                   cwd=tmp_path, env=there)
    assert where.stdout.count(str(installed)) == 2
    lost = python(*command, cwd=tmp_path, env=there | {"HEROISM_CONF": str(tmp_path)})
    assert lost.returncode == 2 and "HEROISM_CONF" in lost.stderr and "Traceback" not in lost.stderr
    script, = installed.glob("bin/heroism")
    assert "experiments.run" in script.read_text()
