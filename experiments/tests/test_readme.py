"""What the README says is true: its commands run (sweeps at smoke size), its example, its rows of claims."""

import re
import shlex
import subprocess
from importlib.util import find_spec

import numpy as np
import pytest

from experiments.paths import ROOT

README = (ROOT / "README.md").read_text()
RUN = "python -m experiments.run "
SMALL = {"T": "[16,24]", "particles": "8", "hydra/launcher": "basic"}  # instead of what the README asks for
MOST_BYTES = 12_000


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


COMMANDS = [line.partition("  #")[0].strip() for block in blocks("bash") for line in block.splitlines()]


def test_it_fits_a_screen_or_two():
    assert len(README.encode()) <= MOST_BYTES
    assert len(COMMANDS) > 6 and all(command.startswith(("make ", RUN)) for command in COMMANDS)


@pytest.mark.parametrize("target", sorted(set(re.findall(r"(?:^|`)make ([a-z-]+)", README, re.MULTILINE))))
def test_a_target_of_make_is_there_and_explained(target):
    assert re.search(rf"^{target}:.* ## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True).returncode == 0


@pytest.mark.parametrize("line", [command for command in COMMANDS if command.startswith(RUN)])
def test_a_command_runs(bare, tmp_path, monkeypatch, line):
    (tmp_path / "points.csv").write_text("\n".join(f"{x},{y}" for x, y in np.random.default_rng(0).normal(size=(9, 2))))
    monkeypatch.chdir(tmp_path)
    given = [argument for argument in shlex.split(line.removeprefix(RUN))]
    if "slurm" in line:  # the tests of launchers start a cluster and run a sweep on it
        if find_spec("hydra_plugins.hydra_submitit_launcher") is None:
            pytest.skip("the launcher is not installed: pip install -e .[cluster]")
        assert bare("--cfg", "hydra", *(argument for argument in given if argument != "-m")) == 0
        assert "SlurmLauncher" in bare.out and "partition: main" in bare.out
        return
    if "study=dimension" in given:
        kept = [argument for argument in given if not argument.startswith("particles=")]
        small = {"smoke": "true", "hydra/launcher": "basic"}
    else:
        kept = [argument for argument in given if argument.partition("=")[0] not in SMALL]
        small = {name: value for name, value in SMALL.items() if name != "hydra/launcher" or "-m" in given}
    if any(argument.startswith("epsilon=") for argument in kept):
        kept, small = [argument for argument in kept if not argument.startswith("epsilon=")], {**small, "epsilon": ".3"}
    assert bare(*kept, **small) == 0
    assert bare.records() and all(record["status"] == "done" for record in bare.records())


def test_its_example_runs(capsys):
    example, = blocks("python")
    exec(compile(example, "README.md", "exec"), {})
    assert re.search(r"^order (0\.9|1\.0)", capsys.readouterr().out, re.MULTILINE)


def test_its_rows_of_claims_are_published_ones():
    published = (ROOT / "results" / "README.md").read_text()
    rows = [line.removesuffix(" |") for line in README.splitlines() if line.startswith("| ") and "---" not in line]
    assert len(rows) == 11
    assert [row for row in rows if row not in published] == []


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\]\((?!http)([^)#]+)\)", README))))
def test_a_link_leads_somewhere(path):
    assert (ROOT / path).exists()
